"""How users tell of their home, work, years and money."""

from __future__ import annotations

from ...synthetic.phrasings.partition import lines
from .telling import Telling

HOME = Telling(
    states=lines("""
        I live in {v}.
        I'm based in {v}, so suggestions from there are the most useful.
        My home is in {v}.
        I live in {v}, in a flat on the second floor.
        We live in {v}, by the way, not in the countryside.
        Home is {v} for me.
        I'm writing from {v}, where I live.
        The place where I live is {v}.
        I've been living in {v} for some time.
        As somebody who lives in {v}, I know the area well.
        My address is in {v}, I live close to the centre.
        Please assume that I live in {v}.
    """),
    updates=lines("""
        I've moved, I live in {v} now.
        I no longer live in {old}; my home is in {v} now.
        Since last week I live in {v}.
        We moved from {old} to {v}, so I live there now.
        I've just moved to {v} and live there now.
        Home is {v} now, we left {old} for good.
        I live in {v} now instead of {old}.
        My new home is in {v}, please forget {old}.
    """),
)

ORIGIN = Telling(
    states=lines("""
        I grew up in {v}.
        I'm originally from {v}.
        I was born in {v} and went to school there.
        My childhood home was in {v}.
        I come from {v} originally.
        I was born and raised in {v}.
        I spent my whole childhood in {v}.
        Originally I come from {v}, and the accent shows.
        The town where I grew up is {v}.
        I grew up in {v}, in case that matters.
        As a child I lived in {v}, where I was born.
        My roots are in {v}, I was born there.
    """),
)

JOB = Telling(
    states=lines("""
        I work as {a}.
        I'm {a} by profession.
        My job is that of {a}, so assume I know the basics.
        For a living I work as {a}.
        I'm {a}, and I write mostly for colleagues.
        I earn my living as {a}.
        Professionally I'm {a}.
        I've worked as {a} for years.
        I'm employed as {a}.
        My profession is {v}.
        As for work, I'm {a}.
        I have a job as {a}.
    """),
    updates=lines("""
        I've changed jobs and work as {a} now.
        I have a new job, I'm {a} now.
        I'm no longer {old_a}, I work as {a} now.
        My new job is {v}, I started this week.
        I stopped working as {old_a} and work as {a} now.
        I retrained, so my job is {v} now.
        I gave up being {old_a}; these days I work as {a}.
        I've started a new job as {a}.
    """),
    retractions=lines("""
        I lost my job, so please leave my profession out.
        I've quit my job and don't have a new one yet.
        I'm out of work now, I lost my job.
        I no longer have that job, and nothing new is lined up.
        My job no longer exists, they closed the department.
        I handed in my notice, so I don't have a job any more.
        I don't work in that job any more and haven't found another.
        They let me go, so I no longer have that job.
    """),
)

EMPLOYER = Telling(
    states=lines("""
        I work for {v}.
        My employer is {v}.
        I'm employed at {v}.
        The company that I work for is {v}.
        I work at {v}, in the planning team.
        The company is called {v}, I work there full time.
        I'm with {v}, they are my employer.
        For reference, I work for {v}.
        I've been working at {v} for a while.
        My company is {v}, please spell it like that.
        I'm writing on behalf of my employer, {v}.
        {v} is the company where I work.
    """),
    updates=lines("""
        I went to another company, I work for {v} now.
        I left {old}, my new employer is {v}.
        My employer is {v} now, no longer {old}.
        I work at {v} now instead of {old}.
        I've started working for {v}.
        Since Monday I work for {v}.
        I'm employed at {v} now.
        I changed employers, the company is {v} now.
    """),
    retractions=lines("""
        I've left the company, so I don't have an employer any more.
        I no longer work for {old}, and I have no new employer.
        The company closed, so I no longer work for any employer.
        I don't work for {old} any more, please take it out.
        I no longer work for the company, my contract has ended.
        I quit the company and have no employer at present.
        They shut down, so I no longer have an employer.
        They let me go, so I no longer work for that company.
    """),
)

OFFICE = Telling(
    states=lines("""
        The head office of {k} is in {v}.
        {k} is based in {v}.
        The {k} office is in {v}.
        {k} has its office in {v}.
        The offices of {k} are in {v}, near the station.
        All {k} meetings take place at the office in {v}.
        For the address: {k} has its head office in {v}.
        {k} runs everything from its office in {v}.
        The office of {k} is located in {v}.
        You find the {k} head office in {v}.
        {k} sits in {v}, the office is an old mill.
        There is one {k} office, and it is in {v}.
    """),
    updates=lines("""
        The {k} office has moved, it is in {v} now.
        {k} moved its head office to {v}.
        The office of {k} is in {v} now, no longer in {old}.
        The head office of {k} is in {v} now.
        {k} left {old}, the office is in {v} now.
        From now on {k} has its office in {v}.
        {k} is based in {v} now, not in {old}.
        The new {k} office is in {v}.
    """),
)

BIRTHDAY = Telling(
    states=lines("""
        My birthday is on {v}.
        My date of birth is {v}, that's my birthday.
        I have my birthday on {v}.
        My birthday falls on {v}.
        The date of my birthday is {v}.
        I celebrate my birthday on {v}.
        It's my birthday on {v}.
        For the form: I was born on {v}.
        On {v} I have my birthday.
        On {v} it's my birthday, so leave that day free.
        My own birthday is on {v}.
        I turn a year older on {v}, that's my birthday.
    """),
)

AGE = Telling(
    states=lines("""
        I'm {v} years old.
        I am {v} years old, if that matters.
        My age is {v}.
        I turned {v} recently.
        At the age of {v} I need something gentle.
        I'm {v}, so keep my age in mind.
        For the form, my age is {v}.
        I'm {v} years old and fairly healthy.
        I'm a person of {v} years, that's my age.
        I've just turned {v}.
        Take into account that I'm {v} years old.
        I am aged {v}.
    """),
)

RENT = Telling(
    states=lines("""
        My rent comes to {v} a month.
        I pay {v} in rent.
        The rent for my flat is {v}.
        I pay {v} a month for rent.
        Rent comes to {v} each month.
        My monthly rent is {v}.
        For rent I pay {v}.
        Every month I pay {v} of rent.
        The rent that I pay is {v}.
        Put down {v} for my rent.
        My landlord charges {v} rent.
        On the first of the month I pay {v} in rent.
    """),
    updates=lines("""
        My rent has gone up, I pay {v} now.
        The rent is {v} now, not {old}.
        I pay {v} in rent now instead of {old}.
        My landlord raised the rent to {v}.
        The new rent is {v} a month.
        My rent went from {old} to {v}.
        From this month on my rent is {v}.
        The rent for my flat is {v} now.
    """),
)

PURCHASE = Telling(
    states=lines("""
        I bought {ka} for {v}.
        I paid {v} for the {k}.
        The {k} cost me {v}.
        I've bought {ka}, it cost {v}.
        The price of the {k} was {v}.
        I spent {v} on {ka}.
        My new {k} was {v}.
        I ordered {ka} and paid {v}.
        The {k} that I bought cost {v}.
        I got {ka} for {v}, delivery included.
        For the {k} I paid {v}.
        I finally bought the {k}, for {v}.
    """),
    retractions=lines("""
        I returned the {k} and got my money back.
        I took the {k} back to the shop, so I paid nothing in the end.
        I gave the {k} back, they refunded what I paid.
        I cancelled the order for the {k}, so it cost nothing.
        I sent the {k} back, so forget the price.
        I didn't keep the {k}, the shop refunded it.
        I cancelled the purchase of the {k}.
        Forget what I said about the {k}, I returned it.
    """),
)

CODE = Telling(
    states=lines("""
        The number of my {k} is {v}.
        There is a number on my {k}, {v}.
        The {k} number is {v}.
        My {k} number is {v}, in case I ask later.
        The number for the {k} is {v}.
        For the {k} the number is {v}.
        My {k} is number {v}.
        They gave me the number {v} for my {k}.
        I keep forgetting the number of my {k}, it is {v}.
        Number {v} belongs to my {k}.
        The number on my {k} is {v}.
        I have a number for the {k} now, {v}.
    """),
    updates=lines("""
        The number of my {k} has changed, it is {v} now.
        My {k} has a new number, {v}.
        The {k} number is {v} now, not {old}.
        My {k} number is {v} now instead of {old}.
        The new number of my {k} is {v}.
        They changed my {k} number from {old} to {v}.
        The number for the {k} is {v} now.
        My {k} got the new number {v}.
    """),
)
