"""Phrasings of facts about others: people close to the speakers and, in distractors, strangers."""

from __future__ import annotations

from .attributes import Attribute, Scope
from .partition import lines

INTRODUCTION = Attribute(
    "introduction",
    Scope.CIRCLE,
    "person",
    "name",
    about="my {k}'s name",
    states=lines("""
        My {k} {v} rang last night, two hours on the phone.
        I saw my {k} yesterday, you know, {v}.
        My {k} is called {v}, by the way.
        {v}, my {k}, is staying with us this week.
        I have to pick up my {k} later, {v} never takes the bus.
        You'd like my {k}, {v} is as stubborn as you.
        My {k}'s name is {v}, after our grandmother's favourite saint.
        {v} is my {k}, didn't you know?
        I had lunch with {v}, my {k}.
        My {k} {v} sends greetings.
        Have I told you about {v}? That's my {k}.
        My {k} {v} thinks I should get out more.
    """),
    prompts=lines("""
        What's your {k} called again?
        What's the name of your {k}?
        Remind me of your {k}'s name?
        You have a {k}, don't you?
    """),
    replies=lines("""
        My {k}? {v}.
        {v}, that's my {k}.
        My {k} is called {v}.
        Yes, my {k} {v}.
    """),
    questions=lines("""
        What is the name of {who}'s {k}?
        What is {who}'s {k} called?
        Who is {who}'s {k}?
        Which name does {who}'s {k} have?
        How is the {k} of {who} called?
        What name does {who}'s {k} go by?
        By what name does {who} speak of the {k}?
        Who is the {k} that {who} mentioned?
    """),
)

HOME = Attribute(
    "home",
    Scope.CIRCLE,
    "place",
    "city",
    about="where {s} lives",
    states=lines("""
        {S} lives in {v}, fourth floor without a lift.
        {S} has a little house in {v} and never wants to leave home.
        I'm going to see {s} in {v}, where {he} lives with three flatmates.
        {S} moved to {v} for love and lives there now.
        {S} has been living in {v} for years.
        I met {s} in {v}, {he} lives there.
        {S} has made {v} {his} home.
        It's far to visit {s}, all the way to {v} where {he} lives.
        {S} went to live in {v}, of all places.
        Home for {s} is {v}.
        {S} is living in {v} at the moment.
        The flat where {s} lives is in {v}, over a pharmacy.
    """),
    updates=lines("""
        {S} has moved, {he} lives in {v} now.
        {S} left {old}, home is {v} now.
        {S} doesn't live in {old} any more, {he} went to {v}.
        We helped {s} move, {he} lives in {v} now.
        {S} is living in {v} since the summer, not {old}.
        I carried boxes all day, {s} has moved from {old} to {v}.
        {S} gave up {old} and moved to {v}.
        {S} lives in {v} now, {old} was too loud for {him}.
    """),
    questions=lines("""
        Where does {who} live?
        In which city does {who} live now?
        Which city is {who}'s home at present?
        What is the town where {who} lives?
        In what place is {who} living?
        Where is the home of {who}?
        Which town does {who} live in?
        What city is {who} living in?
    """),
)

JOB = Attribute(
    "job",
    Scope.CIRCLE,
    "work",
    "job",
    about="the job of {s}",
    states=lines("""
        {S} works as {a}.
        {S} is {a}, and good at {his} job.
        {S} has found a job as {a}.
        {S} trained as {a}, it's a tough job.
        {S} earns a living as {a}.
        I'd never do what {s} does, {he} works as {a}.
        {S} wanted to be a dancer but works as {a}.
        {S} got a job, {he}'s {a} at the other end of town.
        {S} is working as {a} and always tired.
        As {a}, {s} works every other Sunday.
        {S} makes good money as {a}.
        {S} loves the job, being {a} suits {him}.
    """),
    updates=lines("""
        {S} changed jobs and works as {a} now.
        {S} has a new job, {he}'s {a} now.
        {S} isn't {old_a} any more, {he} works as {a}.
        {S} retrained and got a job as {a}.
    """),
    retractions=lines("""
        {S} lost {his} job and hasn't found anything new.
        {S} has quit {his} job and does nothing for now.
        {S} is out of work since the summer.
        {S} doesn't have that job any more, and nobody knows what comes next.
    """),
    questions=lines("""
        What does {who} do for a living?
        What is {who}'s job?
        What does {who} work as?
        Which job does {who} have?
        What kind of work does {who} do?
        What is the profession that {who} works in?
        As what does {who} work?
        What job has {who} got?
    """),
)

EMPLOYER = Attribute(
    "employer",
    Scope.CIRCLE,
    "work",
    "company",
    about="the company of {s}",
    states=lines("""
        {S} works for {v}.
        {S} got hired by {v}, {he} works in sales there.
        {S} has been working at {v} since school.
        {S} is at {v}, the company with the big car park.
        {S} is employed at {v}.
        The company that {s} works for is {v}.
        {S} works at {v} and gets free lunch.
        They took {s} on at {v}, good company.
        {S} does something with spreadsheets at {v}, {he} likes working there.
        I'd like to work where {s} works, at {v}.
        At {v}, where {s} works, everyone gets a bicycle.
        {S} swears by {his} employer, {v}.
    """),
    updates=lines("""
        {S} works for {v} now.
        {S} left {old} and went to work for {v}.
        {S} has a new employer, {v}.
        {S} switched companies, from {old} to {v}.
    """),
    questions=lines("""
        Which company does {who} work for?
        Who is the employer of {who}?
        Where does {who} work?
        At which company is {who} employed?
        What is the company called where {who} works?
        For whom does {who} work?
        Which firm employs {who}?
        What company is {who} working at?
    """),
)

AGE = Attribute(
    "age",
    Scope.CIRCLE,
    "age",
    "age",
    about="the age of {s}",
    states=lines("""
        {S} is {v} years old and still climbs trees.
        {S} has turned {v}.
        {S} is {v} now, time flies.
        At the age of {v} {s} has started to paint.
        You wouldn't believe that {s} is {v} years old.
        {S} says that {v} is the best age of all.
        I keep forgetting that {s} is {v} already.
        {S}, {v} years old, beat me at arm wrestling.
        {S} looks younger, but {he}'s {v} years old.
        They say {s} is too old, {he}'s {v}.
        {S} turned {v} and wore a paper crown.
        We sang for {s}, who is {v} years old now.
    """),
    questions=lines("""
        How old is {who}?
        What is {who}'s age?
        What age is {who}?
        How many years old is {who}?
        How old has {who} turned?
        What is the age of {who}?
        At what age is {who}?
        What age did {who} reach?
    """),
)

BIRTHDAY = Attribute(
    "birthday",
    Scope.CIRCLE,
    "date",
    "date",
    about="the birthday of {s}",
    states=lines("""
        {S} has {his} birthday on {v}.
        I need a present for {s}, {his} birthday is on {v}.
        {S} was born on {v}, same day as the king.
        On {v} it's the birthday of {s}, I'm baking.
        We're throwing a party for {s} on {v}, it's {his} birthday.
        {S} celebrates {his} birthday on {v}.
        Don't let me forget {v}, that's when {s} has {his} birthday.
        The birthday of {s} is on {v}.
        {S} turns a year older on {v}, I still need a birthday card.
        {S} always takes {v} off for {his} birthday.
        If I miss {v} again, {s} won't forgive me, it's {his} birthday.
        {S} wants a dinosaur cake for {his} birthday on {v}.
    """),
    questions=lines("""
        When is {who}'s birthday?
        On which date was {who} born?
        On what day is the birthday of {who}?
        What is the date of {who}'s birthday?
        Which date is the birthday of {who} on?
        When was {who} born?
        When does {who} celebrate a birthday?
        On which day of the year is {who}'s birthday?
    """),
)

HOBBY = Attribute(
    "hobby",
    Scope.CIRCLE,
    "hobby",
    "hobby",
    about="the hobby of {s}",
    states=lines("""
        {S} has taken up {v} as a hobby.
        {S} spends all {his} free time on {v}.
        {S} is mad about {v}, it's {his} only hobby.
        {S} does {v} for fun.
        {S} talks about nothing but {v}, {his} hobby.
        The hobby of {s} is {v}.
        {S} dragged me along to {v}, that's what {he} does in {his} free time.
        In {his} spare time {s} does {v}.
        {S} has a new hobby, {v}.
        {S} got into {v}, every free minute goes into it.
        {S} bought all the gear for {v}, such an expensive hobby.
        For fun {s} does {v}, every single weekend.
    """),
    updates=lines("""
        {S} has swapped {old} for {v}, that's {his} hobby now.
        {S} gave up {old}, the new hobby is {v}.
        {S} does {v} in {his} free time now.
        {S} got bored of {old} and spends {his} spare time on {v}.
    """),
    questions=lines("""
        What is {who}'s hobby?
        What does {who} do in the free time?
        What does {who} do for fun?
        Which hobby does {who} have?
        How does {who} spend the free time?
        What does {who} do in the spare time?
        Which hobby did {who} take up?
        On what does {who} spend spare time?
    """),
)

FOOD = Attribute(
    "food",
    Scope.CIRCLE,
    "taste",
    "dish",
    about="the favourite dish of {s}",
    states=lines("""
        {S} would eat {v} every day, it's {his} favourite food.
        The favourite dish of {s} is {v}.
        {S} loves {v} more than any other food.
        I'm cooking {v} for {s}, {his} favourite dish.
        {S} came all this way to eat {v}, {his} favourite.
        If you want to make {s} happy, cook {v}, {his} favourite dish.
        {S} likes {v} best of all dishes.
        {S} only smiles for {v}, {his} favourite food.
        There was {v}, the favourite of {s}, so {he} ate three plates.
        {S} could live on {v}, no food is better, {he} says.
        {S} has always liked {v} best, even as a child {he} ate nothing else.
        {v} again at ours, it's the favourite dish of {s}.
    """),
    questions=lines("""
        What is {who}'s favourite food?
        Which dish does {who} like best?
        What is the favourite dish of {who}?
        What food does {who} love most?
        Which food is {who}'s favourite?
        What does {who} like to eat best?
        What would {who} eat every day?
        Which dish is the favourite of {who}?
    """),
)

INSTRUMENT = Attribute(
    "instrument",
    Scope.CIRCLE,
    "hobby",
    "instrument",
    about="the instrument that {s} plays",
    states=lines("""
        {S} plays the {v}, quite well in fact.
        {S} practises the {v} every evening, poor neighbours.
        {S} has started to play the {v}.
        You can hear {s} playing the {v} from the street.
        {S} plays the {v} in a wedding band.
        {S} carries {his} {v} everywhere and plays for anyone.
        {S} learned to play the {v} as a child.
        I listened to {s} play the {v} for an hour.
        {S} is playing the {v} on stage next week, {his} instrument since school.
        The instrument that {s} plays is the {v}.
        {S} bought a used {v} and plays it every night.
        {S} can play anything on the {v}.
    """),
    questions=lines("""
        Which instrument does {who} play?
        What instrument does {who} play?
        What does {who} play in the way of music?
        On which instrument does {who} play?
        What is the instrument that {who} plays?
        Which musical instrument does {who} play?
        What kind of instrument does {who} play?
        Which instrument has {who} learned to play?
    """),
)

ALLERGY = Attribute(
    "allergy",
    Scope.CIRCLE,
    "health",
    "allergen",
    about="the allergy of {s}",
    states=lines("""
        {S} is allergic to {v}.
        {S} can't have {v}, an allergy.
        {S} swells up from {v}, it's an allergy.
        We have to keep {v} away from {s}, {he}'s allergic.
        {S} found out {he}'s allergic to {v}.
        {S} had to see the doctor because of {v}, {he}'s allergic.
        Poor {s}, allergic to {v}.
        {S} sneezes for hours because of {v}, it's an allergy.
        With {his} allergy, {s} can't go near {v}.
        I nearly poisoned {s}, {he} has an allergy to {v}.
        {S} has an allergy to {v}.
        {S} carries a spray because of {v}, {his} allergy is serious.
    """),
    questions=lines("""
        What is {who} allergic to?
        Which allergy does {who} have?
        To what is {who} allergic?
        What allergy has {who} got?
        What kind of allergy does {who} have?
        What must {who} avoid because of an allergy?
        What is {who}'s allergy?
        What is it that {who} is allergic to?
    """),
)

COURSE = Attribute(
    "course",
    Scope.CIRCLE,
    "plan",
    "course",
    about="the course of {s}",
    states=lines("""
        {S} wants to learn {v}.
        {S} has signed up for a course in {v}.
        {S} is taking lessons in {v}.
        {S} is learning {v}, in the evenings.
        {S} found a course in {v} and starts soon.
        {S} talked me into nothing, but {he}'s going to learn {v}.
        This year {s} plans to learn {v}.
        I drove {s} to {his} {v} course.
        {S} got a place on a {v} course.
        {S} has enrolled in {v}, a course for beginners.
        {S} is set on learning {v}, {he} paid for the course already.
        The course that {s} takes is {v}.
    """),
    updates=lines("""
        {S} changed {his} course from {old} to {v}.
        {S} is learning {v} now, not {old}.
        {S} gave up on {old} and takes a course in {v}.
        {S} signed up for {v} instead of {old}.
    """),
    retractions=lines("""
        {S} dropped {his} course after one evening.
        {S} isn't taking that course after all.
        {S} has given up on the course, too many exams.
        {S} got {his} money back, the course is cancelled.
    """),
    questions=lines("""
        What is {who} planning to learn?
        Which course has {who} signed up for?
        What does {who} want to learn?
        What course is {who} taking?
        In what does {who} take lessons or a course?
        What is {who} going to learn?
        What is the course about that {who} takes?
        Which course did {who} choose?
    """),
)
