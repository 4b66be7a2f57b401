"""How users tell of people around them, and how people in their drafts and examples are spoken of."""

from __future__ import annotations

from ...synthetic.phrasings.partition import lines
from .telling import Telling

INTRODUCTION = Telling(
    states=lines("""
        I have a {k} called {v}.
        My {k}'s name is {v}, if you need it.
        The name of my {k} is {v}, so use that.
        {v} is my {k}.
        {v}, my {k}, will read this as well.
        My {k} {v} helps me with it.
        I should mention my {k}, {v}.
        When I write {v}, I mean my {k}.
        By {v} I mean my {k}.
        I do this together with my {k}, {v}.
        My {k} {v} asked me about it.
        There is also my {k}, called {v}.
    """),
)

HOME = Telling(
    states=lines("""
        {S} lives in {v}.
        {S} has a flat in {v} and lives there.
        The home of {s} is in {v}.
        {S} has been living in {v} for a while.
        {S} is living in {v}.
        {S} lives in {v}, in the old town.
        The place where {s} lives is {v}.
        {S} has {his} home in {v}.
        {S} lives in {v}, so the post goes there.
        In {v}, where {s} lives, it is colder.
        Home is {v} for {s}.
        {S} lives alone in {v}.
    """),
    updates=lines("""
        {S} has moved and lives in {v} now.
        {S} lives in {v} now.
        {S} moved from {old} to {v} and lives there now.
        {S} no longer lives in {old}, {he} lives in {v} now.
        The home of {s} is in {v} now.
        {S} left {old} and lives in {v} now.
        {S} is living in {v} now, not in {old}.
        {S} has a new home in {v}.
    """),
)

JOB = Telling(
    states=lines("""
        {S} works as {a}, full time.
        {S} is {a} by profession.
        {S} has a job as {a}.
        {S} makes a living as {a}.
        The job of {s} is {v}.
        {S} works as {a}, mostly at night.
        {S} is employed as {a}.
        The profession of {s} is {v}.
        For a living {s} works as {a}.
        {S} has worked as {a} for years.
        Professionally, {s} is {a}.
        {S} trained and works as {a}.
    """),
    updates=lines("""
        {S} found another job and works as {a} now.
        {S} has a new job as {a}.
        {S} is no longer {old_a}, {he} works as {a} now.
        {S} works as {a} now.
        {S} stopped working as {old_a} and is {a} now.
        The job of {s} is {v} now.
        {S} has started a new job as {a}.
        {S} works as {a} now instead.
    """),
    retractions=lines("""
        {S} lost {his} job.
        {S} has quit {his} job and has no new one.
        {S} is out of work now.
        {S} no longer has that job, and there is no other.
        {S} doesn't have {his} job any more.
        {S} gave up {his} job without a new one.
        {S} no longer works in that job, {he} was let go.
        The job of {s} is gone, {he} was let go.
    """),
)

EMPLOYER = Telling(
    states=lines("""
        {S} works for {v}, a company I know.
        {S} is an employee of {v}.
        The employer of {s} is {v}.
        {S} works at {v}.
        The company where {s} works is {v}.
        {S} has been working for {v} since spring.
        {S} is with {v}, that's {his} employer.
        {S} works for a company called {v}.
        {S} was hired by {v} and works there.
        {S} has a contract with {v}, {his} employer.
        {S} works in sales at {v}.
        At {v}, where {s} works, they use the same software.
    """),
    updates=lines("""
        These days {s} works for {v}.
        {S} left {old} and works for {v} now.
        The new employer of {s} is {v}.
        The employer of {s} is {v} now, not {old}.
        {S} is employed at {v} now.
        {S} switched from {old} to {v}, that's {his} employer now.
        {S} works at {v} now instead of {old}.
        The company that {s} works for is {v} now.
    """),
)

AGE = Telling(
    states=lines("""
        {S} is {v} years old.
        {S} is aged {v}.
        {S} has turned {v} by now.
        The age of {s} is {v}.
        {S} is {v} years old and fit.
        {S}, {v} years old, needs a larger font.
        At the age of {v} {s} still works.
        {S} turned {v} this year.
        {S} is {v} years of age.
        They say that {s} is {v} years old.
        {S} looks young, but {he} is {v} years old.
        With {v} years {s} is the oldest, that's the age.
    """),
)

BIRTHDAY = Telling(
    states=lines("""
        The birthday of {s} falls on {v}.
        {S} has a birthday on {v}.
        {S} was born on {v}.
        {S} celebrates a birthday on {v}.
        On {v} it's the birthday of {s}.
        On {v} {s} has {his} birthday.
        {S} turns a year older on {v}, {his} birthday.
        It's the birthday of {s} on {v}.
        The date of the birthday of {s} is {v}.
        {S} has a birthday party on {v}.
        {S} invites everyone on {v}, {his} birthday.
        We celebrate the birthday of {s} on {v}.
    """),
)

HOBBY = Telling(
    states=lines("""
        As for {s}, the hobby is {v}.
        {S} does {v} just for fun.
        {S} does {v} in {his} free time.
        In the spare time {s} does {v}.
        {S} has a hobby, {v}.
        {S} spends {his} free time on {v}.
        {S} took up {v} as a hobby.
        For fun {s} does {v}.
        {S} loves {his} hobby, {v}.
        The free time of {s} goes into {v}, {his} hobby.
        {S} does {v} as a hobby.
        The one hobby that {s} has is {v}.
    """),
    updates=lines("""
        The hobby of {s} is {v} now.
        {S} gave up {old} and does {v} for fun now.
        {S} found a new hobby, {v}.
        {S} does {v} in {his} free time now, not {old}.
        {S} does {v} for fun now.
        {S} swapped {old} for {v}, that's {his} hobby now.
        In {his} spare time {s} does {v} now.
        The new hobby of {s} is {v}.
    """),
)

FOOD = Telling(
    states=lines("""
        The favourite food of {s} is {v}.
        The favourite dish of {s} has always been {v}.
        Of all dishes {s} likes {v} best.
        {S} loves {v} above any other food.
        {S} could eat {v} every day, {his} favourite food.
        {S} likes to eat {v} best.
        For {s}, {v} is the favourite dish.
        The dish that {s} likes best is {v}.
        Of all food {s} likes {v} best.
        {S} has a favourite dish, {v}.
        When it comes to food, {s} likes {v} best.
        The food that {s} loves most is {v}.
    """),
)

INSTRUMENT = Telling(
    states=lines("""
        {S} plays the {v}.
        {S} plays the {v} in a band.
        The instrument of {s} is the {v}, {he} plays it daily.
        {S} has learned to play the {v}.
        {S} plays an instrument, the {v}.
        {S} has played the {v} since school.
        On stage {s} plays the {v}.
        {S} practises the {v}, an instrument {he} plays well.
        {S} plays the {v} every evening.
        As an instrument {s} plays the {v}.
        {S} took lessons and plays the {v}.
        {S} can play the {v}.
    """),
)

ALLERGY = Telling(
    states=lines("""
        {S} is allergic, namely to {v}.
        {S} suffers from an allergy to {v}.
        {S} must avoid {v} because of an allergy.
        The allergy of {s} is to {v}.
        {S} can't have {v}, it's an allergy.
        Because of an allergy {s} avoids {v}.
        {S} is badly allergic to {v}.
        With {his} allergy {s} can't have {v}.
        {S} found out that {he} is allergic to {v}.
        A test showed that {s} is allergic to {v}.
        {S} has to avoid {v}, {he} is allergic.
        The doctor says that {s} is allergic to {v}.
    """),
)

COURSE = Telling(
    states=lines("""
        {S} has signed up to learn {v} in a course.
        {S} is taking a course in {v}.
        {S} wants to learn {v}, there is a course.
        {S} is planning to learn {v}.
        {S} takes lessons in {v}.
        {S} is enrolled in a course in {v}.
        The course that {s} attends is {v}.
        {S} is going to learn {v}.
        {S} chose a course in {v}.
        {S} has booked a course in {v}.
        {S} takes an evening course, {v}.
        {S} is learning {v} in a course.
    """),
    updates=lines("""
        {S} changed courses and is learning {v} now.
        {S} signed up to learn {v} instead of {old}.
        {S} is taking a course in {v} now.
        The course of {s} is {v} now, not {old}.
        {S} switched from {old} to a course in {v}.
        {S} is now learning {v}, not {old}.
        {S} gave up on {old} and takes a course in {v} now.
        The new course that {s} takes is {v}.
    """),
    retractions=lines("""
        {S} dropped {his} course.
        {S} isn't taking the course any more.
        {S} gave up on the course.
        {S} has cancelled the course.
        {S} is no longer signed up for the course.
        The course of {s} is cancelled.
        {S} won't take that course after all.
        {S} has given up {his} course.
    """),
)

HYPOTHETICALS: dict[str, tuple[str, ...]] = {
    "home": lines("""
        Suppose I lived in {v}: what would change?
        If I lived in {v}, how would the plan look?
        Imagine a version of this for somebody who lives in {v}.
        What would you advise if my home were in {v}?
        Let's pretend that I live in {v}, just for the example.
        Would it be different if I were living in {v}?
        As a test, answer as if I lived in {v}.
        Say a reader lives in {v}: would that still be right?
    """),
    "job": lines("""
        If I worked as {a}, what would you change?
        Suppose I were {a}: how would that go?
        Write it as if I worked as {a}, only as an exercise.
        What would somebody who works as {a} say about it?
        Let's pretend I'm {a} for the example.
        Imagine I had a job as {a}.
        Would the advice differ if my job were {v}?
        Explain it as you would to {a}.
    """),
    "employer": lines("""
        Suppose I worked for {v}: would that matter?
        If my employer were {v}, how would you put it?
        Make up an example about somebody who works for {v}.
        Let's pretend that I work at {v}, as a made-up case.
        What if I were employed at {v}?
        Imagine a company called {v} and its employer handbook.
        As an exercise, write as though I worked for {v}.
        Take {v} as the employer in the sample.
    """),
    "birthday": lines("""
        Suppose my birthday were on {v}: what would be a good theme?
        If somebody was born on {v}, which sign is that?
        Use {v} as the birthday in the sample form.
        Imagine a birthday on {v} for the test data.
        What would the weather be for a birthday on {v}?
        Let's pretend I was born on {v}, for the example.
        Fill in {v} as a made-up birthday.
        Would a birthday on {v} fall into the holidays?
    """),
    "hobby": lines("""
        What if I took up {v} as a hobby?
        Suppose my hobby were {v}: what would it cost?
        Would you recommend {v} as a hobby for beginners?
        Let's pretend that my hobby is {v}, for the sample profile.
        How much free time would {v} take if I did it?
        Imagine somebody who does {v} for fun.
        Explain {v} to me as if it were my hobby.
        If I did {v} in my free time, what would I need?
    """),
    "food": lines("""
        Suppose {v} were my favourite food: what would you cook beside it?
        Is {v} really the favourite dish of so many people?
        What would you say to someone whose favourite food is {v}?
        Let's pretend that my favourite dish is {v}.
        Use {v} as the favourite food in the sample profile.
        If I liked {v} best, which wine would fit?
        Imagine a child whose favourite dish is {v}.
        How long does {v} take, if I were to cook it?
    """),
    "instrument": lines("""
        If I played the {v}, how loud would it be?
        Suppose I wanted to play the {v}: is it hard?
        What does a used {v} cost, as an instrument to play?
        Let's pretend that I play the {v}.
        Would you recommend the {v} as a first instrument?
        Imagine somebody who plays the {v} next door.
        Put somebody who plays the {v} into the example.
        How long does it take to play the {v} well?
    """),
    "allergy": lines("""
        What would I have to avoid if I were allergic to {v}?
        Suppose a guest is allergic to {v}: what then?
        How common is it to be allergic to {v}?
        Let's pretend that I'm allergic to {v}, for the sample menu.
        Explain the allergy to {v} in simple words.
        Put an allergy to {v} into the made-up form.
        If somebody had an allergy to {v}, which dishes would be left?
        Imagine I had an allergy to {v}.
    """),
    "course": lines("""
        Would a course in {v} be worth it, in general?
        If I wanted to learn {v}, how long would it take?
        Suppose I took a course in {v}: how would I fit it in?
        Let's pretend that I'm learning {v}, for the example.
        What is a course in {v} like?
        Put a course in {v} into the sample timetable.
        Imagine somebody who wants to learn {v}.
        How would you advertise a course in {v}?
    """),
    "age": lines("""
        What would you change for somebody who is {v} years old?
        Suppose I were {v} years old: would that matter?
        Use {v} as the age in the sample form.
        If I were {v}, would the advice be the same?
        Let's pretend that I'm {v} years old.
        Imagine a reader at the age of {v}.
        How would you explain it to a person who is {v} years old?
        Take an age of {v} for the example.
    """),
}
"""What is only supposed, by the name of the attribute: no facts about anyone."""
