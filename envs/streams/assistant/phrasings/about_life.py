"""How users tell of their tastes, pets, clubs, plans and dates."""

from __future__ import annotations

from ...synthetic.phrasings.partition import lines
from .telling import Telling

FOOD = Telling(
    states=lines("""
        My favourite food is {v}.
        I like {v} best of all dishes.
        The dish that I like best is {v}.
        My favourite dish is {v}.
        I love {v} more than any other food.
        {v} is my favourite dish.
        I could eat {v} every day, it's my favourite food.
        As for food, I like {v} best.
        When it comes to food, {v} is my favourite.
        If you need my favourite food, it's {v}.
        There is no food that I love more than {v}.
        No dish beats {v} for me, it's my favourite.
    """),
    updates=lines("""
        My favourite dish is {v} now.
        My favourite food is {v} now, not {old}.
        I've gone off {old}, I like {v} best now.
        These days my favourite food is {v}.
        I like {v} better than {old} now, it's my favourite dish.
        My new favourite dish is {v}.
        {v} has replaced {old} as my favourite food.
        The dish that I like best is {v} now.
    """),
)

COLOUR = Telling(
    states=lines("""
        My favourite colour is {v}.
        I like {v} better than any other colour.
        The colour that I like best is {v}.
        Please use {v}, it's my favourite colour.
        As for the colour, {v} is my favourite.
        I prefer {v} to any other colour.
        {v} is my favourite colour.
        If you need a colour, my favourite is {v}.
        I love the colour {v}.
        Of all colours I like {v} best.
        My colour has always been {v}, it's my favourite.
        The colour I'd choose is {v}, my favourite.
    """),
    updates=lines("""
        My favourite colour is {v} now.
        I prefer {v} to {old} now, that's my favourite colour.
        My favourite colour is {v} now instead of {old}.
        My favourite colour has changed, it's {v} now.
        The colour that I like best is {v} now.
        My new favourite colour is {v}.
        These days my favourite colour is {v}, not {old}.
        I like the colour {v} best now.
    """),
)

MUSIC = Telling(
    states=lines("""
        My favourite music is {v}.
        I listen to {v} most of the time, it's my favourite music.
        The music that I like best is {v}.
        I love {v}, that's my kind of music.
        When I work I listen to {v}, my favourite music.
        As for music, I like {v} best.
        The kind of music I listen to is {v}.
        Music for me means {v}.
        I mostly listen to {v}.
        If you pick music for me, I like {v} best.
        My taste in music is simple, I love {v}.
        For concentration I need music, and I like {v} best.
    """),
    updates=lines("""
        My taste in music has changed, I listen to {v} now.
        My favourite music is {v} now, not {old}.
        I listen to {v} now instead of {old}.
        These days the music that I like best is {v}.
        I'm done with {old}, my favourite music is {v} now.
        The music I listen to now is {v}.
        My new favourite music is {v}.
        I like {v} better than {old} now, as music goes.
    """),
)

HOBBY = Telling(
    states=lines("""
        My hobby these days is {v}.
        In my free time I do {v}.
        I do {v} for fun.
        All my free time goes into {v}.
        My main hobby is {v}.
        {v} is my hobby.
        As a hobby I do {v}.
        My spare time goes into {v}.
        I have one hobby, {v}.
        Outside of work I do {v}, it's my hobby.
        I do {v} in my spare time.
        What I do for fun is {v}.
    """),
    updates=lines("""
        My hobby is {v} now.
        I gave up {old}, my hobby is {v} now.
        I have a new hobby, {v}.
        In my free time I do {v} now, not {old}.
        My new hobby is {v}.
        I do {v} for fun now instead of {old}.
        My spare time goes into {v} now.
        I swapped {old} for {v}, that's my hobby now.
    """),
)

ALLERGY = Telling(
    states=lines("""
        I'm allergic to {v}.
        I have an allergy, and it is to {v}.
        My allergy is to {v}.
        Because of an allergy I can't have {v}.
        Please leave out {v}, I'm allergic.
        I'm allergic to {v}, and it is serious.
        I have to avoid {v}, it's an allergy.
        Note that I'm allergic to {v}.
        The allergy that I have is to {v}.
        A test showed that I'm allergic to {v}.
        With my allergy I must avoid {v}.
        One thing about my health: I'm allergic to {v}.
    """),
)

PET = Telling(
    states=lines("""
        We have {ka} called {v}.
        I call my {k} {v}.
        Our {k} is named {v}.
        I have {ka}, the name is {v}.
        We named our {k} {v}.
        The name of my {k} at home is {v}.
        I've adopted {ka}, called {v}.
        Our new {k} is called {v}.
        At home there is {ka} called {v}.
        My {k} goes by the name {v}.
        I own {ka}, we call it {v}.
        There is also our {k}, called {v}.
    """),
    retractions=lines("""
        We don't have the {k} any more, we gave it away.
        We had to give the {k} away, so no {k} any more.
        We no longer have the {k}, we had to give it up.
        We aren't getting the {k} after all.
        Please forget the {k}, we gave it back to the shelter.
        The {k} is no longer with us, we had to give it back.
        We gave the {k} back, so leave it out.
        There is no {k} here any more.
    """),
)

CLUB = Telling(
    states=lines("""
        I joined a {k} called the {v}.
        My {k} is called the {v}.
        I'm a member of the {v}, a {k}.
        The name of my {k} is the {v}.
        The {k} that I joined is called the {v}.
        I'm in a {k}, the {v}.
        Our {k} goes by the name the {v}.
        I belong to the {v}, that's a {k}.
        We call our {k} the {v}.
        I've become a member of a {k} called the {v}.
        In the evenings I go to my {k}, the {v}.
        The {v} are my {k}.
    """),
    retractions=lines("""
        I've left the {k}.
        I'm no longer a member of the {k}.
        I quit the {k}, so please leave it out.
        The {k} has broken up, so I'm not in one any more.
        I'm not in the {k} any more.
        I gave up the {k}, there was no time.
        Please take out the {k}, I quit.
        My membership in the {k} has ended, I quit.
    """),
)

CLUB_DAY = Telling(
    states=lines("""
        The {k} meet on {v}.
        We {k} always meet up on {v}.
        On {v} I meet the {k}.
        I'm not free on {v}, the {k} meet then.
        The {k} always meet on {v}.
        The {k} get together on {v}.
        My {v} are taken, the {k} meet then.
        The meetings of the {k} are on {v}.
        For my calendar: the {k} meet on {v}.
        Every week the {k} meet on {v}.
        The {k} come together on {v}, so nothing else fits then.
        The {k} meet on {v}, please plan around that.
    """),
    updates=lines("""
        The {k} meet on {v} now.
        The {k} have a new time, we meet on {v} now.
        The {k} meet on {v} now, no longer on {old}.
        From now on the {k} meet on {v}.
        The {k} meet on {v} now instead of {old}.
        The meetings of the {k} have moved to {v}.
        We {k} get together on {v} now.
        The {k} changed their day to {v}.
    """),
)

TRIP = Telling(
    states=lines("""
        I'm going to {v} on holiday.
        I've booked a trip to {v}.
        We're planning a holiday in {v}.
        My next holiday will be in {v}.
        The next trip goes to {v}.
        We've booked our holiday in {v}.
        I'm travelling to {v} on holiday.
        I'm planning a trip to {v}.
        The destination of my next trip is {v}.
        Our holiday this year is in {v}, it's booked.
        I have tickets for a trip to {v}.
        I want to travel to {v} on my next holiday.
    """),
    updates=lines("""
        The trip goes to {v} now.
        We've changed the holiday, it will be in {v} now.
        The trip goes to {v} now, no longer to {old}.
        I've booked a trip to {v} instead of {old}.
        The holiday will be in {v}, not in {old}.
        The new destination of the trip is {v}.
        My holiday is in {v} now instead of {old}.
        We'll go on holiday to {v} now.
    """),
    retractions=lines("""
        The trip is off, I've cancelled it.
        We've cancelled the holiday.
        I'm not going on holiday any more, the booking is cancelled.
        The holiday is cancelled, we're staying at home.
        We called off the trip, there is no new one.
        Forget the trip, it's cancelled.
        There won't be a holiday, we cancelled the booking.
        The trip isn't happening, I had to call it off.
    """),
)

TRIP_DATE = Telling(
    states=lines("""
        We leave for {k} on {v}.
        I leave for {k} on {v}.
        The flight to {k} is on {v}, that's when we leave.
        Our departure for {k} is on {v}.
        We start for {k} on {v} and leave early.
        On {v} we leave for {k}.
        The train to {k} leaves on {v}.
        I'm leaving for {k} on {v}.
        The date on which we leave for {k} is {v}.
        We're off to {k} on {v}.
        The trip to {k} starts on {v}, that's when we leave.
        My flight to {k} leaves on {v}.
    """),
    updates=lines("""
        We leave for {k} on {v} now.
        The flight to {k} was moved, we leave on {v} now.
        We have a new date for {k}, we leave on {v}.
        We leave for {k} on {v} now, not on {old}.
        Our departure for {k} is on {v} now.
        Not {old}, the flight to {k} leaves on {v} now.
        The new date of departure for {k} is {v}.
        I leave for {k} on {v} now.
    """),
)

COURSE = Telling(
    states=lines("""
        I've signed up for a course in {v}.
        I'm planning to learn {v}.
        I'm taking a course in {v}.
        I want to learn {v} this year.
        I'm going to learn {v}, the course starts soon.
        I take lessons in {v}.
        The course that I signed up for is {v}.
        I have booked a course in {v}.
        The course I take is about {v}.
        I'm enrolled in a course in {v}.
        I've chosen a course, {v}.
        My evening course is {v}.
    """),
    updates=lines("""
        I changed courses, I'm learning {v} now.
        I signed up for {v} instead of {old}.
        My course is {v} now, not {old}.
        I'm taking a course in {v} now.
        The {old} course was full, so I take the one in {v} now.
        I switched my course from {old} to {v}.
        I'm going to learn {v} now instead of {old}.
        My new course is {v}.
    """),
    retractions=lines("""
        I dropped the course.
        The course has been cancelled.
        I'm not taking the course any more.
        I gave up on the course.
        Forget the course, I'm not taking it after all.
        I've cancelled the course, there is no time to learn anything.
        I'm no longer signed up for the course.
        The course is off, too few people signed up.
    """),
)

WEDDING = Telling(
    states=lines("""
        We're getting married, and the date is {v}.
        Our wedding is on {v}.
        The wedding is on {v}.
        I'm getting married on {v}.
        The date of our wedding is {v}.
        We've set the wedding for {v}.
        My wedding will be on {v}.
        On {v} we're getting married.
        The wedding date is {v}.
        We marry on {v}, so the wedding needs a plan.
        Our wedding will take place on {v}.
        The date is settled, I'll be married on {v}.
    """),
    updates=lines("""
        The wedding is on {v} now.
        We moved the wedding to {v}.
        The wedding is on {v} now, no longer on {old}.
        We're getting married on {v} now, not on {old}.
        The new wedding date is {v}.
        Our wedding has a new date, {v}.
        We're now getting married on {v} instead of {old}.
        We had to move the wedding, it is on {v} now.
    """),
    retractions=lines("""
        The wedding is off.
        We've called off the wedding.
        We aren't getting married any more.
        There won't be a wedding, we cancelled it.
        The wedding is cancelled and there is no new date.
        We're not getting married after all.
        We've cancelled the wedding.
        Forget the wedding, it has been called off.
    """),
)

APPOINTMENT = Telling(
    states=lines("""
        My {k} is on {v}.
        I have my {k} on {v}.
        The {k} is coming up, it's on {v}.
        The date of my {k} is {v}.
        On {v} I have the {k}.
        I was given {v} as the date for the {k}.
        My {k} takes place on {v}.
        For the calendar: the {k} is on {v}.
        I got a date for the {k}, it is {v}.
        The {k} will be on {v}.
        On {v} there is my {k}, so keep that day free.
        I've got the {k} on {v}.
    """),
    updates=lines("""
        My {k} is on {v} now.
        My {k} has been moved to {v}.
        The {k} is on {v} now, not on {old}.
        The new date of my {k} is {v}.
        My {k} has a new date, {v}.
        The {k} is on {v} now, no longer on {old}.
        I had to move the {k}, it is on {v} now.
        The {k} was put off to {v}.
    """),
    retractions=lines("""
        My {k} is cancelled.
        They cancelled the {k} and there is no new date.
        The {k} is off.
        I've cancelled the {k}.
        I don't need the {k} any more, it's off.
        There won't be a {k}, I cancelled it.
        The {k} was called off.
        Forget the {k}, it has been cancelled.
    """),
)

VISIT = Telling(
    states=lines("""
        I was in {v} on a city break.
        I took a city break in {v}.
        We went to {v} on a city break.
        My last city break was in {v}.
        I've been on a city break in {v}.
        We spent two days in {v} on a city break.
        I'm back from a city break in {v}.
        Last weekend I did a city break in {v}.
        I went on a city break to {v}.
        We had a city break in {v}.
        A city break took me to {v}.
        I visited {v} on a city break.
    """),
)

BOOK = Telling(
    states=lines("""
        I finished the book {v}.
        I've finished reading the book {v}.
        I read the book {v} to the end.
        The book I finished is {v}.
        I finished another book, {v}.
        I've just finished a book, {v}.
        I got through the book {v}, finished it last night.
        I finished reading {v}, a good book.
        My last finished book is {v}.
        I read a book to the end, {v}.
        I've finished one more book, {v}.
        I finished {v}, the book from my list.
    """),
)
