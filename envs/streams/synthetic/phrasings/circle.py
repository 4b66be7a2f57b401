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
        -- for training alone --
        I can't talk long, my {k} {v} is at the door.
        Everyone calls my {k} {v}, it's the name on the birth certificate too.
        I got a long letter from {v}, who's my {k}.
        My {k} cooked for me on Sunday, {v} makes a wonderful soup.
        There's a new photo on my wall, of my {k} {v}.
        You remember the loud laugh of my {k}, {v}.
        I had a quarrel with my {k}, {v} is always right, of course.
        I'll ask {v}, my {k}, who knows everything.
        As my {k} {v} always says, tea first.
        My {k} is moving a wardrobe, so I promised {v} a hand.
        If you meet my {k}, say {v}, not Sir or Madam.
        I've got a {k} called {v}, have I never said so?
        You can't mistake my {k}, there's only one {v}.
    """),
    prompts=lines("""
        What's your {k} called again?
        What's the name of your {k}?
        Remind me of your {k}'s name?
        You have a {k}, don't you?
        -- for training alone --
        Tell me again, who's your {k}?
        Who's your {k}?
        I forgot, what do you call your {k}?
    """),
    replies=lines("""
        My {k}? {v}.
        {v}, that's my {k}.
        My {k} is called {v}.
        Yes, my {k} {v}.
        -- for training alone --
        My {k}'s name is {v}.
        I mean {v}, who else is my {k}?
        You mean {v}, my {k}.
        {v} is the name of my {k}.
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
        -- for training alone --
        Since last year {s} lives in {v}, near the old harbour.
        I have to send a card to {s}, who lives in {v}.
        {S} rents a room in {v} and calls it home.
        When I was in {v} I slept at the house of {s}, who lives there.
        {S} lives so far away, in {v}, that we only write.
        You should see the flat in {v} where {s} lives.
        {S} says that {v} is the best town to live in.
        {S} bought a house in {v} and lives there with two dogs.
        If it weren't for the job, {s} wouldn't live in {v}.
        {S} invited us to {v}, {he} has lived there for ages.
        {S} found an apartment in {v} and settled down.
        The town where {s} lives is called {v}, I had to look it up.
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
        -- for training alone --
        {S} packed up everything in {old}, {he} lives in {v} now.
        The new home of {s} is in {v}.
        We said goodbye to {s} in {old}, {he} lives in {v} now.
        {S} couldn't pay for {old} any longer and lives in {v} now.
        {S} has settled in {v} now, far from {old}.
        After so long in {old}, {s} lives in {v} now.
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
        -- for training alone --
        {S} never runs out of work, {he}'s {a}.
        {S} has been {a} for years, it's the only job {he} knows.
        If I were {s}, I'd ask for more money, {a} doesn't have an easy job.
        For a living {s} works as {a}.
        Would you believe that {s} works as {a}?
        I rang {s} at work, {he}'s {a}, and heard only noise.
        When {s} grows tired of the job, there'll be {a} less in the world.
        {S} is proud to work as {a}.
        {S} starts at dawn, {he} works as {a}.
        {S} studied for years, and the job {he} has is that of {a}.
        {S} has the job {he} always wanted, {he}'s {a}.
        By profession {s} is {a}.
    """),
    updates=lines("""
        {S} changed jobs and works as {a} now.
        {S} has a new job, {he}'s {a} now.
        {S} isn't {old_a} any more, {he} works as {a}.
        {S} retrained and got a job as {a}.
        -- for training alone --
        {S} has left the old job behind, {he}'s {a} now.
        They've promoted {s}, so {he} works as {a} now.
        {S} was {old_a} for so long, but {he} works as {a} now.
        From being {old_a} {s} went to a job as {a}.
    """),
    retractions=lines("""
        {S} lost {his} job and hasn't found anything new.
        {S} has quit {his} job and does nothing for now.
        {S} is out of work since the summer.
        {S} doesn't have that job any more, and nobody knows what comes next.
        -- for training alone --
        {S} got laid off, just like that.
        They let {him} go, so {s} is unemployed.
        {S} no longer works, {he} left the job in spring.
        {S} gave up {his} job to travel, with no plan at all.
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
        -- for training alone --
        {S} signed on with {v}, the company at the ring road.
        On the van that {s} drives it says {v}, {he} works for them.
        You can reach {s} at {v}, that's where {he} works.
        For years {s} has worked at {v}, and {he} still gets lost there.
        {S} earns {his} money at {v}, a company that makes hinges.
        The employer of {s} is {v}.
        {S} complains about {v}, but where else would {he} work?
        {S} got a pen from {v}, the company {he} works for.
        My neighbour and {s} both work at {v}.
        Every morning {s} takes the bus to work at {v}.
        {S} has a contract with {v}, so the company can't be bad.
        They say that {v} is a good company, ask {s}, {he} works there.
    """),
    updates=lines("""
        {S} works for {v} now.
        {S} left {old} and went to work for {v}.
        {S} has a new employer, {v}.
        {S} switched companies, from {old} to {v}.
        -- for training alone --
        {S} has quit at {old} and works at {v} now.
        The new employer of {s} is {v}.
        {S} had enough of {old}, {v} is the company {he} works for now.
        These days {s} works at {v}, {he} left {old}.
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
        -- for training alone --
        Nobody believes it, but {s} is {v} years old.
        There were {v} candles for {s}, one for each year.
        At {v} years of age {s} bought a motorbike.
        {S} doesn't look it, but {his} age is {v}.
        {S} is fit as a fiddle, and {v} years old.
        {S} is as old as my teacher, {v}.
        With {his} {v} years {s} could run a marathon.
        I guessed wrong, {s} is {v} years old.
        {S} lied about {his} age, {he}'s {v}.
        {S} told me {he}'s {v} years old and feels like a child.
        For somebody aged {v}, {s} dances very well.
        Is {v} old? {S} is {v}, and {he} says it isn't.
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
        -- for training alone --
        I nearly forgot that {s} has a birthday on {v}.
        There's a surprise planned for {v}, the birthday of {s}.
        {S} wants no fuss about {his} birthday on {v}.
        We're all invited on {v}, because {s} has {his} birthday.
        Remind me to ring {s} on {v}, {his} birthday.
        If {s} were born a day later than {v}, we'd share a birthday.
        Since {s} was born on {v}, {he} never got any birthday cards at school.
        They're closing the pub for the birthday of {s}, on {v}.
        {S} and the mayor were both born on {v}.
        Balloons are ordered for {v}, it'll be the birthday of {s}.
        {S} gets {his} birthday breakfast in bed on {v}.
        The card for {s} has to be there by {v}, for {his} birthday.
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
        -- for training alone --
        You won't find {s} at home, {he} does {v} in {his} free time.
        {S} met half of {his} friends through {his} hobby, {v}.
        When {s} has a free afternoon, {he} does {v}.
        I don't understand the hobby of {s}, it's {v}.
        {S} has been doing {v} for fun since {his} school days.
        Ever since {s} discovered {v}, {he} has had no other hobby.
        {S} even talks in {his} sleep about {his} hobby, {v}.
        If {s} isn't at work, it's {v}, {his} hobby.
        You should see the cellar of {s}, {his} hobby is {v}.
        {S} tried to explain {his} hobby to me, {v}, for an hour.
        {S} needs {his} hobby, {v}, to unwind.
        All the spare time that {s} has belongs to {v}.
    """),
    updates=lines("""
        {S} has swapped {old} for {v}, that's {his} hobby now.
        {S} gave up {old}, the new hobby is {v}.
        {S} does {v} in {his} free time now.
        {S} got bored of {old} and spends {his} spare time on {v}.
        -- for training alone --
        {S} does {v} for fun now, the gear for {old} is sold.
        We bought {s} a book on {v}, which is {his} hobby now.
        {S} grew tired of {old}, {his} hobby is {v} now.
        No more {old} for {s}, {his} hobby is {v} now.
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
        -- for training alone --
        Whenever {s} comes I make {v}, {his} favourite food.
        You can bribe {s} with {v}, {he} loves that food.
        At parties {s} goes straight for {v}, the dish {he} likes best.
        {S} never shares {his} {v}, the food {he} likes best.
        No meal makes {s} as happy as {v}, {his} favourite.
        I asked {s} about {his} favourite food, and it's {v}.
        We ate out, and {s} wanted {v}, {he} loves that food.
        {S} says that no dish is as good as {v}.
        There's one food that {s} never refuses, {v}, {his} favourite.
        {S} taught me how to cook {v}, {his} favourite dish.
        For the birthday of {s} they served {v}, {his} favourite dish.
        Of everything I cook, {s} likes {v} best.
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
        -- for training alone --
        If you hear a {v} at night, that's {s} playing.
        {S} wanted a piano but plays the {v} now.
        They've asked {s} to come along and play the {v}.
        {S} has played the {v} since {he} was eight.
        I'd give a lot to play the {v} like {s}.
        {S} fell asleep over the {v}, {he} plays it so much.
        There's an orchestra in which {s} plays the {v}.
        Out on the balcony {s} plays the {v}.
        {S} takes lessons and already plays the {v} rather well.
        Give {s} any instrument but the {v} and {he} can't play a note.
        Nobody plays the {v} as loudly as {s}.
        {S} sold the car but still plays the {v}.
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
        -- for training alone --
        If {s} is coming, take away the {v}, {he}'s allergic.
        {S} spent a night in hospital because of {v}, {he}'s badly allergic.
        The doctors say that {s} is allergic to {v}.
        Around {s} we have to avoid {v}, because of {his} allergy.
        {S} gets a rash from {v}, it's an allergy.
        Since childhood {s} has had an allergy to {v}.
        I didn't know that {s} is allergic to {v}.
        {S} had to leave, {he} has an allergy to {v}.
        The allergy that {s} has is to {v}.
        {S} asks every waiter about {v}, because {he}'s allergic.
        {S} has red eyes again, {he}'s allergic to {v}.
        Of all things, {s} is allergic to {v}.
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
        -- for training alone --
        You know {s}, always busy, now it's a course in {v}.
        {S} bought three books about {v} and is taking a course.
        I might join {s}, who is taking a course in {v}.
        They've let {s} into the course, so {he}'ll learn {v}.
        {S} goes to lessons in {v} after work.
        {S} asked me to take a course in {v} with {him}, I said no.
        At the adult school {s} is learning {v}.
        {S} is going to learn {v}, whatever people say.
        Imagine {s} with a schoolbag, {he}'s learning {v}.
        {S} couldn't decide, but {he}'s signed up to learn {v}.
        The new year's resolution of {s} is to learn {v}.
        {S} has always wanted to take a course in {v}, and now {he} does.
    """),
    updates=lines("""
        {S} changed {his} course from {old} to {v}.
        {S} is learning {v} now, not {old}.
        {S} gave up on {old} and takes a course in {v}.
        {S} signed up for {v} instead of {old}.
        -- for training alone --
        {S} moved to another course, {he}'s learning {v} now.
        {S} has had enough of {old}, the course {he} takes now is {v}.
        {S} thought {old} too hard, so {he} is going to learn {v} instead.
        The course of {s} is {v} now, no longer {old}.
    """),
    retractions=lines("""
        {S} dropped {his} course after one evening.
        {S} isn't taking that course after all.
        {S} has given up on the course, too many exams.
        {S} got {his} money back, the course is cancelled.
        -- for training alone --
        {S} quit the course, {he} found it dull.
        They've cancelled the course, and {s} won't look for another.
        {S} won't learn it after all, {he} hasn't got the time.
        {S} is no longer in that course.
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
