"""Phrasings of facts about the speaker's home, work and years."""

from __future__ import annotations

from .attributes import Attribute, Scope
from .partition import lines

HOME = Attribute(
    "home",
    Scope.SELF,
    "place",
    "city",
    about="where I live",
    states=lines("""
        I live in {v}, have done for a while now.
        Our flat here in {v} is tiny, but I love living by the canal.
        I'm still living in {v}, same street, same noisy bakery downstairs.
        You should visit me in {v} some time, I live ten minutes from the station.
        Home is {v} for me now, and I can't imagine living anywhere else.
        It's quiet where I live; {v} goes to sleep at nine.
        We rent a little place in {v}, I've lived there since the winter before last.
        Living in {v} suits me better than I thought.
        My home is in {v}, right behind the old market hall.
        The house we live in is the oldest one in {v}, apparently.
        I've made {v} my home, who would have guessed.
        People keep asking how I like living in {v}, and I do, very much.
        -- for training alone --
        The removal men have gone, the boxes are stacked, and I suppose I live in {v}.
        Ask for me in {v}, everybody on our street knows which house is mine.
        For three years my address has ended in {v}, and I still misspell the street.
        If you ever come through {v}, ring the top bell, that's where I live.
        What I like about {v} is that I can walk home from anywhere.
        My flat is the one with the red door, in {v}, opposite the school.
        When people ask where I live I say {v}, and they always know somebody there.
        Of all the towns we could have settled in, we settled in {v}.
        The new curtains are up, so our apartment in {v} finally looks like a home.
        After all those years abroad I live in {v} again, who'd have predicted that.
        There's a heatwave, and in {v}, where we live, nobody has air conditioning.
        You know the hill above {v}? Our house in {v} is halfway up.
        I never planned to stay, but {v} has been home for longer than any other place.
    """),
    prompts=lines("""
        Remind me, where do you live these days?
        Wait, where's home for you at the moment?
        Which city are you living in now, actually?
        Where should I send the parcel, which town do you live in?
        And where have you ended up living?
        Are you still living in the same city?
        -- for training alone --
        I've lost your address, which town was it that you live in?
        So where do you call home now?
        Whereabouts do you live, in case I'm passing through?
        Have you settled somewhere for good?
        Where's your flat, anyhow?
    """),
    replies=lines("""
        In {v}, third floor, no lift.
        {v}, and I'm not moving again in a hurry.
        I live in {v}, over the bicycle shop.
        Home is {v}, same as ever.
        Still in {v}, close to the river.
        I'm in {v}. Come and see it!
        -- for training alone --
        We live in {v}, in the old part.
        {v} is where I live, has been for years.
        Our house is in {v}, you can't miss it.
        My address is in {v}, yes.
        I've settled in {v} for the time being.
    """),
    updates=lines("""
        We finally moved; home is {v} now.
        Big news: I've moved to {v} and live near the park now.
        So the move is done, and I officially live in {v}.
        I don't live in {old} any more, we packed up and went to {v}.
        Goodbye {old}! As of last week I live in {v}.
        I gave up the flat in {old}, my new home is in {v}.
        I've moved, by the way. It's {v} now, I live right by the tram stop.
        We left {old} last weekend, and home is a loft in {v} now.
        -- for training alone --
        We've handed back the keys, and I live in {v} now instead of {old}.
        You can cross out my old address: we've settled in {v} now.
        Please send nothing to {old} any longer, I live in {v} now.
        I never thought I'd leave {old}, but here I am with a flat in {v} now.
        We carried the last box up the stairs yesterday, our home is in {v} now.
        The new flat is in {v}, so that's where I live from now on.
        It took two vans, but we've relocated to {v}.
    """),
    questions=lines("""
        Where does {who} live?
        In which city does {who} live now?
        Which city is {who}'s home at the moment?
        What is the town that {who} calls home?
        In what place is {who} living?
        Where is {who}'s home?
        Which town does {who} live in these days?
        What city is {who} living in?
    """),
)

ORIGIN = Attribute(
    "origin",
    Scope.SELF,
    "place",
    "city",
    about="where I grew up",
    states=lines("""
        I grew up in {v}, you can still hear it when I'm tired.
        I was born in {v}, in the hospital with the blue tiles.
        Having grown up in {v}, I can't take these hills seriously.
        My whole childhood was {v}, football in the yard and scraped knees.
        I'm originally from {v}, though nobody believes me.
        I grew up in {v}, in a street full of cousins.
        Originally I come from {v}, but I left at eighteen.
        When I was growing up in {v} we had proper snow.
        I was born and raised in {v}, if you want to know.
        My childhood home in {v} has been turned into a dentist's.
        The house in {v} where I grew up is for sale again.
        I come from {v} originally, so rain doesn't scare me.
        -- for training alone --
        You'd never guess from my accent that I was born in {v}.
        If you'd grown up in {v} like me you'd be afraid of open fields too.
        They've pulled down the school I went to when I was a child in {v}.
        My parents raised four of us in {v}, that's where I'm from.
        Once a year I go back to {v}, where I was born, and nothing has changed.
        As a child in {v} I thought that the whole world smelled of fish.
        All my family is from {v}, and I was born there like the rest of them.
        Where I come from, in {v}, nobody locks the front door.
        I left {v} with one suitcase, but that's where I grew up.
        I spent the first sixteen years of my life in {v}, you grow up fast there.
        Growing up, I knew every roof in {v}.
        The lake in {v} is where I learned to swim, I grew up on its shore.
        My passport says that I was born in {v}, so it must be true.
    """),
    prompts=lines("""
        Where did you grow up again?
        You're not from here originally, are you?
        Where were you born, actually?
        What part of the world did you grow up in?
        And where are you from originally?
        Where did you spend your childhood?
        -- for training alone --
        Which place do you come from originally?
        Were you born here?
        Where did you go to school as a child?
        What's your home town, the one you grew up in?
    """),
    replies=lines("""
        I grew up in {v}, a bit outside.
        Originally from {v}, yes.
        I was born in {v}, my parents never left.
        In {v}. I grew up right by the railway.
        {v}, born and bred.
        Most of my childhood was {v}.
        -- for training alone --
        I come from {v}, can't you hear it?
        I'm from {v}, born there and all.
        {v} is where I grew up.
        As a child I lived in {v}.
        We're all from {v} in my family.
    """),
    questions=lines("""
        Where did {who} grow up?
        In which city was {who} born?
        Where is {who} originally from?
        In what town did {who} spend the childhood years?
        What place does {who} originally come from?
        Which city did {who} grow up in?
        In which place was {who} born and raised?
        Where was {who}'s childhood home?
    """),
)

JOB = Attribute(
    "job",
    Scope.SELF,
    "work",
    "job",
    about="my job",
    states=lines("""
        I work as {a}, and some days I even like it.
        Being {a} means getting up at five, that's the job.
        I've been working as {a} since spring.
        I'm {a}, so I get asked for free advice at every party.
        My job as {a} is mostly waiting for other people.
        I trained as {a} and I'm still in the job.
        As {a} you meet all sorts of people at work.
        I earn my living as {a}, in case you forgot.
        For a living I do what my father did, I'm {a}.
        After ten years as {a} I still have no idea what my job title means.
        Not much to tell, I work as {a} and sleep the rest of the time.
        They've put me on early shifts; that's life as {a}, I knew it when I took the job.
        -- for training alone --
        If somebody shouts for help, that's me, I work as {a}.
        They think it's easy, but being {a} is a hard job.
        Twelve years I've been {a}, and the work still isn't dull.
        By day I work as {a}, by night I sleep.
        It says {v} on my business card, and that's what I do for a living.
        I never meant to stay, but I still work as {a}.
        If you ever need {a}, I know a good one: it's my job.
        I was meant to be a dancer, and look at me, I'm {a} by profession.
        You learn patience in my profession, I'm {a}.
        They took me on the spot, so my job is to be {a}.
        Did you know I work as {a}? I thought I'd told you.
        It's nobody's dream, but I love my job, I'm {a}.
        I live for the tea break, since I work as {a}.
    """),
    prompts=lines("""
        What do you do for a living again?
        What's your job, if I may ask?
        Are you still in the same job?
        I always forget what you do for work.
        What are you working as nowadays?
        How's work? What is it that you do exactly?
        -- for training alone --
        What is it you do all day, what's your profession?
        Sorry, what was your job again?
        What do you put down as your occupation?
        What line of work are you in?
    """),
    replies=lines("""
        I'm {a}, still.
        I work as {a}, it pays the bills.
        Well, I'm {a}, as you might guess from my hands.
        My job? I'm {a}.
        I work as {a}, mostly weekdays.
        Officially I'm {a}.
        -- for training alone --
        I earn my money as {a}.
        {a} is what I am by profession.
        I'm working as {a} these days.
        By profession I'm {a}.
        I have a job as {a}, four days a week.
    """),
    updates=lines("""
        I changed jobs: I work as {a} now.
        You won't believe it, I've retrained and work as {a} now.
        No more life as {old_a}! My new job starts Monday, I'll be {a}.
        I quit, and since last week I'm {a}, it's a whole new job.
        So I have a new job, I'm {a} now.
        I've stopped working as {old_a}; they took me on as {a}.
        My new job as {a} is exhausting, but I don't miss the old one.
        New job, new me: I'm {a} these days.
        -- for training alone --
        They've given me another job, so from now on I'm {a}.
        I've said goodbye to being {old_a}; what I do for a living now is work as {a}.
        I've passed, so my job now is to be {a}.
        I've left the old work behind and I'm employed as {a} now.
        My days as {old_a} are over, I work as {a} now.
        You can call me {a} from today, I start the new job in the morning.
        It's official, my profession is {v} now, I have it in writing.
    """),
    retractions=lines("""
        I lost my job on Friday, so I'm nothing in particular at the moment.
        I've handed in my notice and have no new job yet.
        I'm out of work since Monday, so forget about my old job.
        That job is history, and I don't know what I'll do for a living next.
        -- for training alone --
        I've been made redundant, so forget about my job.
        I quit my job this morning, and no, there isn't another one.
        I'm unemployed, as of this week.
        I got laid off with half the team, so I'm between jobs.
        I no longer have that job, and I've nothing else so far.
        My contract ran out, so I'm out of work.
    """),
    questions=lines("""
        What does {who} do for a living?
        What is {who}'s job?
        What does {who} work as?
        Which job does {who} have?
        What kind of work does {who} do?
        What is the profession {who} works in?
        As what does {who} work now?
        What job is {who} in at the moment?
    """),
)

EMPLOYER = Attribute(
    "employer",
    Scope.SELF,
    "work",
    "company",
    about="the company I work for",
    states=lines("""
        I work for {v}, you've probably seen their vans.
        I've been working at {v} for a couple of years.
        At {v}, where I work, they count the paper clips.
        {v} pays my salary, so I shouldn't complain.
        My employer is {v}, the one with the ugly logo.
        The company I work for, {v}, has banned hot food from desks.
        I'm employed at {v}, three corridors from the coffee.
        I'm on the payroll of {v}, and it's a decent company.
        They hired me at {v}, and I'm still working there.
        Working at {v} is like being back at school.
        My boss at {v} wants us to work with cameras on.
        The company is called {v}, I work there four days a week.
        -- for training alone --
        You know the big sign by the motorway? That's {v}, I work for them.
        My pay slip comes from {v}, late as always, that's the company I work for.
        I spend forty hours a week at {v}, the company could at least fix the heating.
        At work, at {v} I mean, they've hired a clown for the summer party.
        The firm I'm with is {v}, they make everything from hinges to hats.
        Since the merger the company I work for goes by the name of {v}.
        I signed a contract with {v}, so they are my employer for now.
        Everyone at {v} knows me, I've worked there longer than the plants.
        If you ring me at work, somebody will say {v} very fast.
        {v} has sent all employees, me included, on a first-aid course.
        Between us, {v} is a strange company to work for.
        I've got a badge that says {v} on it, so they really do employ me.
        Guess who forgot the badge for {v} again and couldn't get into work.
    """),
    prompts=lines("""
        Which company do you work for?
        Who's your employer at the moment?
        Where do you work these days?
        What's the company called that you work for?
        Remind me which firm you're with?
        Who are you working for now?
        -- for training alone --
        Who do you work for, by the way?
        What's the name of your company?
        Which firm is it that you're employed at?
        Where did you say you work?
    """),
    replies=lines("""
        For {v}, the company with the green lorries.
        I work at {v}, on the second floor.
        It's called {v}, I've been there for ages.
        {v} is the employer, don't laugh.
        {v}, still, and they treat me well.
        I'm working for {v}.
        -- for training alone --
        The company is {v}.
        My employer is {v}, since spring.
        I'm employed by {v}.
        I'm with {v}, the firm by the canal.
        They're called {v}, I work in the back office.
    """),
    updates=lines("""
        I've switched companies, I work for {v} now.
        I left {old} and started working at {v}.
        My new employer is {v}, they made me an offer I couldn't refuse.
        From this week on I work at {v}, no more {old}.
        So long, {old}. The company I work for now is {v}.
        {v} hired me! I start working there on Monday.
        I signed with {v}, so that's my employer now.
        Done with {old}, I'm employed by {v} as of today.
        -- for training alone --
        My contract with {old} ended, the company I work for now is {v}.
        I've handed {old} my badge and start work at {v}.
        Guess who employs me now: {v}, of all companies.
        They poached me, so I work for {v} now and not for {old}.
        There's been a change, my employer is {v} now.
        I've gone over to {v}, that's where I work now.
    """),
    retractions=lines("""
        The company let me go, so I don't have an employer any more.
        I've left the company and I'm not working for anybody right now.
        I no longer work for {old}, and nothing new is lined up.
        They closed our branch, so {old} isn't my employer any longer.
        -- for training alone --
        I've quit the company, and there's no new one.
        I no longer work for any company, for the time being.
        The firm let me go last week.
        My employer went bankrupt and I got laid off, so I'm unemployed.
        I've left my employer, and I'm not looking for another just yet.
    """),
    questions=lines("""
        Which company does {who} work for?
        Who is {who}'s employer?
        Where does {who} work?
        At which company is {who} employed?
        What is the company called that {who} works for?
        For whom does {who} work?
        Which firm employs {who} now?
        What company is {who} working at?
    """),
)

OFFICE = Attribute(
    "office",
    Scope.SELF,
    "place",
    "city",
    about="the office of {k}",
    parent="employer",
    states=lines("""
        The head office of {k} is in {v}, so I'm on the train a lot.
        {k} has its offices in {v}, right on the harbour.
        They put the {k} office in {v} of all places.
        All the meetings at {k} happen in {v}, that's where the office is.
        The {k} building in {v} has the slowest lift, our office is on the ninth floor.
        I had to go to {v} yesterday, to the {k} head office.
        {k} is based in {v}, the office looks like a spaceship.
        You can see the {k} office from the station in {v}.
        The people at {k} sit in an old mill in {v}, nicest office I know.
        For {k} meetings I take the train to {v}, the office is there.
        {k} runs everything from an office in {v}.
        There's only one {k} office, and it's in {v}.
        -- for training alone --
        If you write to {k}, the letter goes to their office in {v}.
        The office of {k} takes up a whole block in {v}.
        In {v}, where {k} has its head office, it always rains sideways.
        They're redecorating the office of {k}, the one in {v}, so there's dust everywhere.
        I've never liked {v}, but that's where the office of {k} is.
        From up on the roof at {k} one looks down on {v}, finest office of all.
        Whoever wants to talk to {k} has to go to the office in {v}.
        The bosses of {k} sit in {v}, in an office with a fountain.
        I got lost in {v} on my way to the office of {k}.
        It's a long way to {v}, but {k} is based there.
        Last night {k} had a party at the office in {v}.
        {k} has only ever been based in {v}.
    """),
    updates=lines("""
        {k} is moving its office to {v}, can you imagine?
        The {k} office isn't in {old} any more, they've gone to {v}.
        They've packed up the {k} office, it's in {v} now.
        From now on the head office of {k} is in {v}.
        -- for training alone --
        The lease ran out, so the office of {k} is in {v} now.
        {k} is based in {v} now, they gave up the office in {old}.
        I travel to {v} now, for {k} has moved its head office there.
        The sign of {k} hangs on an office in {v} now instead of {old}.
    """),
    questions=lines("""
        In which city is the office of {k}?
        Where does {k} have its office?
        Where is the head office of {k}?
        Which city is {k} based in?
        In what city are the offices of {k}?
        Where is {k} based?
        Which town has the {k} office?
        Where would one find the head office of {k}?
    """),
    chain_questions=lines("""
        In which city is the office of the company {who} works for?
        Where does {who}'s employer have its office?
        Where is the head office of {who}'s company?
        Which city is the company that employs {who} based in?
        In what city are the offices of {who}'s employer?
        Where is the firm that {who} works for based?
        Which town has the office of {who}'s employer?
        Where would one find the head office of the company {who} works at?
    """),
)

BIRTHDAY = Attribute(
    "birthday",
    Scope.SELF,
    "date",
    "date",
    about="my birthday",
    states=lines("""
        My birthday is on {v}, no presents please.
        I was born on {v}, in the middle of a heatwave, my mother says.
        I'm having people over on {v} for my birthday.
        Keep {v} free, it's my birthday!
        Every year on {v} my mother phones at six to say happy birthday.
        My birthday falls on {v}, right between two exams, always did.
        On {v} I turn a year older, I don't celebrate birthdays though.
        Birthdays are odd: mine's {v} and it rains every single time.
        I share my birthday, {v}, with a president apparently.
        When my birthday comes round on {v} I'm going to the sea.
        Nobody remembers {v}, my poor forgotten birthday.
        They always shut the office on {v}, which is lovely as it's my birthday.
        -- for training alone --
        There'll be cake on {v}, it's my birthday after all.
        If you want to surprise me on my birthday, you have until {v}.
        My twin and I were born on {v}, ten minutes apart.
        I was supposed to come in spring, but I was born on {v}.
        The worst thing about {v} is that everyone sings, because it's my birthday.
        What are you doing on {v}? I'm giving a birthday dinner, for myself.
        As a child I counted the days to {v}, my birthday.
        I hate parties, so on my birthday, {v}, I switch off the phone.
        The sun always shines on {v}, maybe because it's my birthday.
        Somebody at the bank wished me a happy birthday on {v}, how do they know?
        On my passport it says {v}, so that must be when I was born.
        I get a free coffee on {v}, for my birthday.
    """),
    prompts=lines("""
        When's your birthday again?
        I never know when your birthday is.
        Isn't your birthday coming up some time?
        What day were you born on?
        When do we celebrate you, what's the date?
        Tell me your birthday, I'm filling in the calendar.
        -- for training alone --
        On which date is your birthday?
        Did I miss your birthday?
        When were you born, exactly?
        I'd like to send you a card, when's your birthday?
    """),
    replies=lines("""
        On {v}, write it down this time.
        My birthday's {v}.
        It's {v}, as every year.
        {v}, and I like chocolate cake.
        I was born on {v}.
        It's on {v}, a dreadful date for a birthday.
        -- for training alone --
        My birthday is {v}.
        You've got till {v}, that's my birthday.
        I was born on {v}, at noon.
        It falls on {v}.
        {v}, and no singing please.
    """),
    questions=lines("""
        When is {who}'s birthday?
        On which date was {who} born?
        On what day is {who}'s birthday?
        What is the date of {who}'s birthday?
        Which date is {who}'s birthday on?
        When was {who} born?
        When does {who} celebrate a birthday?
        On which day of the year does {who}'s birthday fall?
    """),
)

AGE = Attribute(
    "age",
    Scope.SELF,
    "age",
    "age",
    about="my age",
    states=lines("""
        I'm {v} now, and my knees know it.
        At the age of {v} I should know better.
        I turned {v}, and my back has opinions about it.
        Who'd have thought that I'd be {v} years old and still renting.
        I feel older than {v}, which is my actual age.
        Being {v} years old isn't as bad as they say.
        {v} years old and I still can't fold a fitted sheet.
        I'm {v} years old, I'm allowed to go to bed at nine.
        My doctor says that for a person aged {v} I'm fine.
        They asked for my age and it took me a second to say {v}.
        I'm too old for this, I'm {v} after all.
        Next year I'll no longer be {v}, so I'm enjoying this age.
        -- for training alone --
        On paper I'm {v} years old, in the mirror rather more.
        I keep writing the wrong age on forms, I'm {v}.
        When my father was my age, {v}, he had four children.
        With my {v} years I'm the oldest in the team.
        There were {v} candles on my cake, one for each year of my age.
        I got my first grey hair, and that at the age of {v}.
        People say {v} is the new twenty, so at my age I'm still a child.
        You're only as old as you feel, which makes me older than {v}, my real age.
        Am I too old to dye my hair at {v}?
        For somebody who's {v} years old I can still run up stairs.
        I'm {v} years of age and have never broken a bone.
        How did I get to be {v} years old so quickly?
    """),
    prompts=lines("""
        How old are you now, if I may ask?
        Wait, what age are you?
        How old did you get this year?
        May I ask your age?
        How many years old are you, honestly?
        What's your age these days?
        -- for training alone --
        What age did you turn?
        How old are you these days?
        Are you older than me?
        You never told me your age, did you?
    """),
    replies=lines("""
        I'm {v}, don't tell anyone.
        {v} years old, sadly.
        I turned {v} a while ago.
        My age? I'm {v}.
        I'm {v} years old, believe it or not.
        {v}, and counting.
        -- for training alone --
        My age is {v}, if you must know.
        I'm {v} years of age.
        I've turned {v}, officially old.
        At {v} I'm not the youngest.
        Old. I'm {v}.
    """),
    questions=lines("""
        How old is {who}?
        What is {who}'s age?
        What age is {who}?
        How many years old is {who}?
        How old is {who} at present?
        What is the age of {who}?
        At what age is {who} now?
        How many years has {who} lived, what age?
    """),
)
