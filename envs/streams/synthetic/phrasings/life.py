"""Phrasings of facts about pets, clubs, plans, travels and reading."""

from __future__ import annotations

from .attributes import Attribute, Scope
from .partition import lines

PET = Attribute(
    "pet",
    Scope.SELF,
    "pet",
    "pet_name",
    about="the name of the {k}",
    key_pool="pet_kind",
    listed=True,
    states=lines("""
        We have {ka} now, called {v}.
        Our {k} is called {v} and rules the flat.
        I got {ka} from the shelter and named it {v}.
        {v}, our {k}, has eaten my slippers.
        My {k} {v} sleeps on my keyboard.
        We're adopting {ka}! The name is {v}.
        I named the {k} {v}, the children insisted.
        You have to meet {v}, my {k}.
        There's {ka} living with me now, {v} by name.
        The {k} has a name at last: {v}.
        Say hello to {v}, the new {k}.
        My {k} had to see the vet; poor {v} swallowed a button.
        -- for training alone --
        The children wanted {ka}, so now we have one, and its name is {v}.
        Somebody has to feed {v}, our {k}, while we're away.
        I was up before dawn because of our {k}, which we named {v}.
        I've had a {k} before, but none like {v}.
        We found a {k} in the yard, nobody claimed it, so we called it {v}.
        The vet laughed when I said that my {k} is called {v}.
        I'm covered in scratches from my {k}, you wouldn't think so with a name like {v}.
        There's a photo of our {k} on my desk, {v} in a birthday hat.
        If you hear a noise, that's {v}, our {k}.
        My {k} answers to the name of {v}, if there's food.
        I drove two hours to fetch {ka}, and on the way home I named it {v}.
        What do you think of {v} as a name for {ka}? Too late, ours has it.
    """),
    prompts=lines("""
        What's your {k} called?
        Didn't you want to get {ka}? What's the name?
        Have you found a name for the {k}?
        How's the {k}, what's it called again?
        And the {k}, does it have a name?
        What did you call the {k}?
        -- for training alone --
        Does your {k} have a name?
        What are you going to name the {k}?
        Who's that in the photo, your {k}?
        What do you call your {k}?
    """),
    replies=lines("""
        We named it {v}.
        The {k} is called {v}.
        {v}, and it suits the {k}.
        {v}! My idea.
        Its name is {v}.
        We call it {v}, it answers to nothing else.
        -- for training alone --
        The {k}'s name is {v}.
        My {k}? That's {v}.
        It's called {v}.
        We went for {v}, the {k} likes it.
        Its name? {v}, after a cartoon.
    """),
    retractions=lines("""
        Forget what I said about the {k}, we aren't adopting after all.
        We had to give the {k} back to the shelter, so no {k} for us.
        The {k} has gone to live with my aunt for good, so we don't have it any more.
        No {k} after all, the landlord won't allow it.
        -- for training alone --
        We've returned the {k} to the shelter, it just didn't work.
        Somebody else took the {k}, so we don't have one after all.
        I gave the {k} back to the owner, so we no longer have it.
        We no longer have the {k}, my allergies got too bad.
        I had to send the {k} back to the breeder, sadly.
    """),
    questions=lines("""
        What is the name of {who}'s {k}?
        What is {who}'s {k} called?
        What did {who} name the {k}?
        Which name does {who}'s {k} have?
        How is {who}'s {k} called?
        What name did {who} give the {k}?
        What do they call {who}'s {k}?
        By what name does {who} call the {k}?
    """),
)

CLUB = Attribute(
    "club",
    Scope.SELF,
    "club",
    "club_name",
    about="the name of the {k}",
    key_pool="club_kind",
    states=lines("""
        I joined a {k}, they call themselves the {v}.
        My {k} is called the {v}, silly name.
        I'm in a {k} now, the {v}.
        There's a {k} here, the {v}, and I've joined.
        I signed up with the {v}, that's a {k} in our street.
        The {v} let me in! Best {k} in town.
        I've become a member of the {v}, a {k} for beginners.
        Our {k} has a name at last, the {v}.
        My {k}, the {v}, needs new T-shirts.
        I go to a {k} now, it's called the {v}.
        The {k} I joined has a lovely name: the {v}.
        I've been going to the {v}, you know, the {k}.
        -- for training alone --
        After work I went to a {k} for the first time, they're called the {v}.
        There was a leaflet for a {k} by the name of {v}, so I joined.
        I needed company, so I joined a {k}, the {v}.
        They gave me a badge at the {k}, it says {v}.
        My {k} has won a cup, the {v} in the newspaper, can you imagine?
        Half of our street is in the same {k}, the {v}, and so am I.
        Every {k} needs a name, ours is the {v}.
        I've paid the fee for my {k}, the {v}, for the whole year.
        Somebody from work dragged me to a {k}, and now I'm one of the {v}.
        If you look for a {k}, try the {v}, I'm a member.
        The {v} is what my {k} goes by.
        I never thought I'd join a {k}, but the {v} talked me round.
    """),
    prompts=lines("""
        Did you join a {k} in the end?
        What does your {k} call itself?
        What is the name of that {k} of yours?
        Which {k} did you join?
        And the {k}, which one is it?
        Have you found a {k}?
        -- for training alone --
        Did you find a {k} to join?
        What's your {k} called?
        Are you in a {k} now?
        What name does your {k} have?
    """),
    replies=lines("""
        Yes, I joined the {v}.
        The {k} is called the {v}.
        It's the {v}, lovely people.
        I'm with the {v} now.
        They're called the {v}.
        The {v}, that's what they're called.
        -- for training alone --
        The {v}, a fine {k}.
        They took me, so it's the {v}.
        I've joined the {v}, yes.
        The name is the {v}.
        We're called the {v}.
    """),
    retractions=lines("""
        I've left the {k}, too much quarrelling, so I'm not in any now.
        Forget the {k}, I quit.
        The {k} has broken up, so that's over.
        I'm no longer in the {k}, I never had time.
        -- for training alone --
        I've quit the {k}, it was no fun.
        I gave up the {k}, my evenings are my own again.
        They've thrown me out, so I'm no longer in the {k}.
        I dropped the {k}, it clashed with work.
        I left the {k}, and that's that.
    """),
    questions=lines("""
        By what name is {who}'s {k} known?
        Which {k} did {who} join?
        What is the name of {who}'s {k}?
        What does {who}'s {k} call itself?
        Which {k} is {who} a member of?
        What is the {k} called that {who} joined?
        Under what name does {who}'s {k} go?
        What name does the {k} of {who} have?
    """),
)

CLUB_DAY = Attribute(
    "club_day",
    Scope.SELF,
    "club",
    "club_time",
    about="when the {k} meet",
    parent="club",
    states=lines("""
        The {k} meet on {v}, so I'm never free then.
        We {k} get together on {v}, rain or shine.
        On {v} I'm always out with the {k}, we meet at the bridge.
        The {k} meet every week on {v}.
        I can't do {v}, the {k} meet then.
        For the {k} it's always {v}, they never meet on other days.
        We meet on {v}, all eleven of us {k}.
        My {v} are taken, that's when the {k} meet.
        The {k} only ever meet on {v}.
        They've fixed {v} for the {k}, so we meet then.
        You could come along, the {k} meet on {v}.
        No time on {v}, I have to meet the {k}.
        -- for training alone --
        Whatever the weather, the {k} meet on {v}.
        Don't ring me on {v}, that's when we {k} meet.
        I've arranged my shifts so that I'm free when the {k} meet, on {v}.
        If it's {v}, you'll find me with the {k}, that's when we meet.
        You want to see the {k}? We meet on {v}.
        Since the hall is free on {v}, that's when the {k} meet.
        The caretaker unlocks the hall on {v}, then the {k} meet.
        The week has one highlight, {v}, when the {k} meet.
        At the {k} they voted, and we meet on {v}.
        I hurry home on {v}, eat something and meet the {k}.
        Half of the {k} can only come on {v}, so we meet then.
        I'm tired after {v}, the {k} always meet so long.
    """),
    prompts=lines("""
        When do the {k} meet?
        On which day do you see the {k}?
        How often do the {k} meet?
        Which day is it for the {k}?
        -- for training alone --
        At what time of the week do the {k} meet?
        When are you with the {k}?
        When do you go to the {k}?
    """),
    replies=lines("""
        We meet on {v}.
        The {k}? On {v}.
        It's always on {v}.
        {v}, every week.
        -- for training alone --
        We see each other on {v}, we {k}.
        We meet on {v}, as a rule.
        They've always met on {v}.
        We {k} meet on {v}.
    """),
    updates=lines("""
        The {k} have changed their day, we meet on {v} now.
        From now on the {k} meet on {v}, not {old}.
        New time for the {k}: {v}.
        No more {old} for the {k}, we meet on {v} now.
        -- for training alone --
        The hall was taken, so the {k} meet on {v} now.
        Since nobody could come on {old}, the {k} meet on {v} now.
        I'm free on {old} again, because the {k} meet on {v} now.
        We took a vote, and now the {k} meet on {v}.
    """),
    questions=lines("""
        When do the {k} meet?
        On which day do the {k} meet?
        At what time of the week do the {k} meet?
        On what day of the week do the {k} get together?
        When in the week do the {k} meet?
        Which part of the week is taken by the {k}?
        On what days do the {k} meet?
        When do the {k} get together?
    """),
    chain_questions=lines("""
        When does {who}'s {k} meet?
        On which day does {who}'s {k} meet?
        At what time of the week does the {k} that {who} joined meet?
        On what day of the week does {who}'s {k} get together?
        When in the week does the {k} of {who} meet?
        Which part of {who}'s week is taken by the {k}?
        On what days does the {k} that {who} is in meet?
        When does the {k} that {who} joined get together?
    """),
)

TRIP = Attribute(
    "trip",
    Scope.SELF,
    "plan",
    "city",
    about="where we're going on holiday",
    states=lines("""
        We've booked a holiday in {v}, I'm counting the days.
        I'm planning a trip to {v} with my old flatmates.
        The next holiday is going to be in {v}.
        I've bought tickets to {v}, first trip in years.
        We're going to {v} on holiday!
        Our next trip takes us to {v}, by night train.
        I'm off to {v} soon, a week of holiday, nothing planned.
        The plan for the holiday is {v}, camping if the weather holds.
        I want to travel to {v} this year, and the trip's booked.
        I've talked everyone into a trip to {v}.
        It's settled, the holiday will be in {v}.
        A trip to {v} is what I need, so I booked one.
        -- for training alone --
        The suitcase is on the bed, our holiday in {v} can come.
        I've never been to {v}, so I've booked a trip there.
        For months we argued about the holiday, now it's going to be {v}.
        We found a cheap hotel, so we're going on holiday to {v}.
        My sister-in-law talked me into a holiday, in {v} of all places.
        If nothing goes wrong we'll spend our holiday in {v}.
        I've bought a guidebook to {v} for the trip.
        I need to get out of here, so I've booked a week in {v}, a proper holiday.
        Wish me luck, I'm travelling to {v} all on my own.
        I'm learning a few phrases, because our next trip goes to {v}.
        Soon I'll send you a postcard from {v}, we're going on holiday there.
        I've bought a map, because our trip goes to {v}.
        The children are excited, because we're travelling to {v}.
    """),
    prompts=lines("""
        Where are you going on holiday?
        Do you have a trip planned?
        Any holiday plans yet?
        Where's the next trip going to be?
        Are you travelling anywhere this year?
        Have you booked your holiday?
        -- for training alone --
        Where will you spend your holiday?
        What's the plan for your holiday?
        Where do you want to travel next?
        Are you going on a trip?
    """),
    replies=lines("""
        We're going to {v}, finally.
        Yes, a trip to {v}, all booked.
        {v}, for the whole holiday.
        I've booked {v}, by train.
        To {v}, if nothing comes up.
        A holiday in {v}, yes.
        -- for training alone --
        It's going to be {v}, our holiday.
        We're travelling to {v}.
        The holiday will be in {v}.
        This time we're going to {v}.
        It's {v} this time, a short trip.
    """),
    updates=lines("""
        Change of plan, the trip goes to {v} now.
        We're not travelling to {old} after all, the holiday will be in {v}.
        {old} was too expensive, so we booked a trip to {v} instead.
        We've changed the holiday, it's {v} now.
        We'll go on holiday to {v} rather than {old}.
        Holiday plans are new: {v}, not {old}.
        The trip to {old} became a trip to {v}.
        Forget {old}, we've booked {v} for the holiday.
        -- for training alone --
        We had second thoughts about {old}, the holiday will be in {v} now.
        There were no rooms left in {old}, so the trip is to {v} now.
        The trip goes to {v} now, you can have my guidebook to {old}.
        I've rebooked the holiday, it's going to be {v} instead of {old}.
        The others didn't want {old}, so our trip goes to {v} now.
        The new destination of our trip is {v}.
    """),
    retractions=lines("""
        The trip is off, we've cancelled everything.
        We've called off the holiday, no money.
        No holiday for us this year, the booking's cancelled.
        Forget the trip I told you about, we're staying at home.
        -- for training alone --
        We've cancelled the trip, my knee won't let me travel.
        I can't go on that trip after all, work won't let me.
        The holiday is cancelled, they wouldn't give us any leave.
        Our trip fell through, the agency went bankrupt.
        We aren't going on holiday after all, the car ate all our savings.
    """),
    questions=lines("""
        Where is {who} going on holiday?
        To which city is {who} planning a trip?
        Where will {who}'s next holiday be?
        Which city is {who} travelling to on holiday?
        For which place has {who} booked a trip?
        What is the destination of {who}'s next trip?
        Where does {who} want to travel?
        Where has {who} booked a holiday?
    """),
)

TRIP_DATE = Attribute(
    "trip_date",
    Scope.SELF,
    "plan",
    "date",
    about="when we leave for {k}",
    parent="trip",
    planned=True,
    states=lines("""
        We leave for {k} on {v}, at some ungodly hour.
        The train to {k} leaves on {v}, I have window seats.
        We set off to {k} on {v}.
        It's on {v} that we leave for {k}.
        {k} is getting close, we're leaving on {v}.
        On {v} we'll be on our way to {k}.
        My bags for {k} are half packed, we leave on {v}.
        Departure for {k} is on {v}.
        I fly to {k} on {v}, the flight leaves before dawn.
        I've taken leave, the flight to {k} leaves on {v}.
        Our flight to {k} leaves on {v}.
        We're off to {k} on {v}, please water the plants.
        -- for training alone --
        The taxi comes at five on {v}, then we leave for {k}.
        I'll be useless at work before {v}, because that's when we leave for {k}.
        Who'll feed the fish? We leave for {k} on {v}.
        The ferry to {k} leaves on {v}.
        I've circled {v} on the calendar, that's when I leave for {k}.
        Nothing is packed, and yet we leave for {k} on {v}.
        Somebody must water the plants from {v} on, we leave for {k} then.
        If you want to wave goodbye, we leave for {k} on {v}.
        We couldn't get seats any earlier, so we leave for {k} on {v}.
        Only a while until {v}, then I'm off to {k}.
        The bus to {k} leaves on {v}, right after breakfast.
        It says {v} on the tickets, so that's when we leave for {k}.
    """),
    prompts=lines("""
        When do you leave for {k}?
        When is {k} happening?
        On what date are you off to {k}?
        When does the train to {k} leave?
        -- for training alone --
        On which day do you leave for {k}?
        When do you set off to {k}?
        When's your flight to {k}?
    """),
    replies=lines("""
        We leave on {v}.
        On {v}, very early.
        The flight to {k} leaves on {v}.
        It's {v} when we leave.
        -- for training alone --
        I leave on {v}.
        We set off on {v}.
        On {v} we leave, with all the bags.
        Our train to {k} leaves on {v}.
    """),
    updates=lines("""
        We're leaving for {k} on {v} now, the airline moved the flight.
        The date for {k} has changed, we leave on {v}.
        We leave for {k} later than planned, on {v}.
        Not {old}, our flight to {k} leaves on {v} now.
        -- for training alone --
        They've moved the flight to {k}, we leave on {v} now.
        I couldn't get leave, so we're off to {k} on {v} instead of {old}.
        We set off to {k} on {v} now, not on {old}.
        Our departure for {k} is on {v} now.
    """),
    questions=lines("""
        When does {who} leave for {k}?
        On which date does {who} leave for {k}?
        When is {who} off to {k}?
        On what day does {who} set off to {k}?
        What is the date of {who}'s departure for {k}?
        On which date does {who}'s flight or train to {k} leave?
        When will {who} be on the way to {k}?
        What date has {who} named for leaving to {k}?
    """),
    chain_questions=lines("""
        When does {who} leave for the holiday?
        On which date does {who} leave on the trip that is planned?
        When is {who} off on holiday?
        On what day does {who} set off on the trip?
        What is the date of {who}'s departure for the holiday?
        On which date does {who}'s holiday trip start?
        When will {who} be on the way to the place of the holiday?
        What date has {who} named for leaving on the trip?
    """),
)

COURSE = Attribute(
    "course",
    Scope.SELF,
    "plan",
    "course",
    about="the course",
    states=lines("""
        I've signed up for a course in {v}, starting soon.
        This year I want to learn {v}, I've found a course.
        I'm going to take lessons in {v}.
        I'm planning to learn {v}, wish me luck.
        I booked a beginners' course in {v}.
        I start a course next month, {v}, twice a week.
        I've decided to learn {v} properly, with a course and everything.
        I'm doing a course, {v}, and the teacher is strict.
        Evening classes for me from now on: {v}, a course for beginners.
        I got a place on the {v} course!
        They had one place left, so I'll learn {v}.
        My plan is to learn {v} before I'm old.
        -- for training alone --
        My head is spinning, I've signed up to learn {v}.
        I've always wanted to learn {v}, and the course is paid for.
        The adult school offers {v}, so I'm taking that course.
        I was bored, so I've enrolled in a course, {v} of all things.
        Every Tuesday I'll be at a course from now on, learning {v}.
        I need a new challenge, so I'm going to learn {v}.
        I've bought a thick exercise book for my course in {v}.
        You'll laugh, but I've signed up for lessons in {v}.
        A colleague teaches {v}, so I'm taking a course with her.
        They've accepted me for the course, so I'll be learning {v} soon.
        Never too old to learn: this winter it'll be {v}.
        I told my boss that I'm taking lessons in {v}, she was delighted.
    """),
    prompts=lines("""
        Are you learning anything new?
        Weren't you going to take a course?
        What's that course you're planning?
        What do you want to learn next?
        Did you sign up for a course?
        What course are you thinking of?
        -- for training alone --
        What would you like to learn?
        Are you taking any lessons?
        Which course did you sign up for?
        What are you learning at the moment?
    """),
    replies=lines("""
        I'm going to learn {v}.
        A course in {v}, it starts soon.
        {v}, I signed up yesterday.
        I signed up for {v}, yes.
        I want to learn {v}.
        It's {v}, for beginners.
        -- for training alone --
        I've signed up to learn {v}.
        I'm taking a course in {v}.
        Lessons in {v}, actually.
        I'd like to learn {v}, so I signed up.
        I'm learning {v}.
    """),
    updates=lines("""
        I swapped my course, I'll learn {v} instead of {old}.
        The {old} course was full, so I'm learning {v}.
        Not {old} after all, I signed up for {v}.
        I've changed to the course in {v}, {old} was too hard.
        -- for training alone --
        I've had enough of {old}, the course I'm taking now is {v}.
        They merged the courses, so I'm learning {v} now.
        I asked for my place in {old} to be changed, I'll learn {v} now.
        My new course is {v}, since {old} clashed with work.
        I wanted something easier, so I'll learn {v} now and not {old}.
    """),
    retractions=lines("""
        I dropped the course, I have no time to learn anything.
        The course has been cancelled, not enough people signed up.
        I've given up on that course, it was too much.
        Forget about the course, I'm not taking it after all.
        -- for training alone --
        I quit the course after the first lesson.
        I'm not going to learn that after all.
        They've cancelled my course, the teacher is ill.
        I've dropped the course, it wasn't for me.
        I won't take any course after all, I need my evenings.
    """),
    questions=lines("""
        What is {who} planning to learn?
        Which course has {who} signed up for?
        What does {who} want to learn?
        What course is {who} taking?
        In what does {who} take lessons or a course?
        What is {who} going to learn?
        What is the course about that {who} signed up for?
        Which course did {who} choose?
    """),
)

WEDDING = Attribute(
    "wedding",
    Scope.SELF,
    "wedding",
    "date",
    about="the wedding date",
    planned=True,
    states=lines("""
        We're getting married on {v}!
        The wedding is on {v}, in my parents' garden.
        We've set a date for the wedding, {v}.
        On {v} I'm getting married, can you believe it?
        Our wedding will be on {v}, very small.
        The registry office gave us {v} for the wedding.
        Keep {v} free, you're invited to our wedding.
        I've booked the band for the wedding on {v}.
        If all goes well I'll be married on {v}.
        We're marrying on {v}, and I still have no shoes.
        Wedding's on {v}, invitations follow.
        {v} it is, the date of our wedding.
        -- for training alone --
        I've ordered the cake, because we're getting married on {v}.
        The vicar only had {v} free, so that's our wedding day.
        My parents are flying in on {v} for our wedding.
        The invitations are printed, the wedding is on {v}.
        We tossed a coin about the wedding, and it's {v}.
        I bought the dress, now {v} can come, that's when we're getting married.
        I've never been so nervous, we're getting married on {v}.
        By the evening of {v} we'll be married.
        Please don't go away on {v}, we're getting married.
        My grandmother picked {v} for our wedding, she believes in lucky days.
        The photographer is free on {v}, so the wedding can happen.
        You're the first to know: the wedding is going to be on {v}.
    """),
    prompts=lines("""
        When's the wedding?
        Have you two set a date for the wedding?
        When are you getting married?
        Is there a wedding date yet?
        -- for training alone --
        On which day is the wedding?
        When will you two be married?
        What date did you choose for the wedding?
    """),
    replies=lines("""
        The wedding's on {v}.
        We're getting married on {v}.
        On {v}, it's settled.
        Yes, {v}, the hall is booked.
        -- for training alone --
        We've chosen {v} for the wedding.
        The wedding is going to be on {v}.
        We marry on {v}.
        It's {v}, our wedding I mean.
    """),
    updates=lines("""
        We had to move the wedding to {v}.
        New wedding date: {v}, the hall was taken.
        The wedding isn't on {old} any more, it's on {v}.
        We're getting married on {v} instead of {old}.
        -- for training alone --
        The restaurant burnt down, so the wedding is on {v} now.
        The wedding was going to be on {old}, but it's on {v} now.
        Cross out {old} in your diary, the wedding is on {v} now.
        We've put off the wedding, the new date is {v}.
    """),
    retractions=lines("""
        The wedding is off, please don't ask.
        We've called off the wedding and won't set a new date.
        We aren't getting married after all.
        There won't be a wedding, we talked it over.
        -- for training alone --
        The wedding is cancelled, don't ask me why.
        I'm not getting married after all.
        The wedding has been called off.
        We broke up, so the wedding is off.
    """),
    questions=lines("""
        When is {who}'s wedding?
        On which date is {who} getting married?
        What is the date of {who}'s wedding?
        When is {who} getting married?
        On what day will {who}'s wedding be?
        On what date does {who} marry?
        Which date did {who} set for the wedding?
        When will {who} be married?
    """),
)

APPOINTMENT = Attribute(
    "appointment",
    Scope.SELF,
    "date",
    "date",
    about="the {k}",
    key_pool="appointment",
    planned=True,
    states=lines("""
        I have my {k} on {v}, fingers crossed.
        The {k} is on {v}, I've been waiting for months.
        They gave me {v} for the {k}.
        My {k} is on {v}, at eight in the morning.
        I got a date for the {k}, {v}.
        On {v} there's the {k}, and I'm nervous.
        I can't on {v}, that's my {k}.
        {k} on {v}, I'd better not forget.
        I'm dreading {v}, because of the {k}.
        After half a year they offered {v} for the {k}.
        I've put {v} in the calendar for the {k}.
        The {k} people rang, it's on {v}.
        -- for training alone --
        I've taken the morning off on {v}, because of the {k}.
        There was a letter about the {k}, it's on {v}.
        Please drive me on {v}, it's the day of my {k}.
        I haven't slept since I heard that the {k} is on {v}.
        They could only fit me in on {v}, for the {k}.
        Another thing for the calendar: the {k}, on {v}.
        If I'm grumpy on {v}, it's because of the {k}.
        My {k} has been fixed for {v}.
        The {k} had to be on {v}, of all days.
        I was on the phone for an hour, but the {k} is on {v}.
        Before the {k} on {v} I have to fill in six forms.
        The next {k} is due on {v}, and I hate it already.
    """),
    prompts=lines("""
        When's your {k}?
        Do you have a date for the {k}?
        When was the {k} again?
        Is the {k} soon?
        -- for training alone --
        On which day is your {k}?
        When do you have the {k}?
        What date did they give you for the {k}?
    """),
    replies=lines("""
        It's on {v}.
        The {k} is on {v}.
        They said {v}.
        On {v}, bright and early.
        -- for training alone --
        On {v} I have my {k}.
        I have it on {v}.
        They gave me {v}.
        It's fixed for {v}.
    """),
    updates=lines("""
        They moved my {k} to {v}.
        The {k} is on {v} now, not {old}.
        I had to put off the {k}, the new date is {v}.
        New date for the {k}: {v}.
        -- for training alone --
        Somebody was ill, so my {k} is on {v} now.
        The {k} was going to be on {old}, but it's on {v} now.
        I couldn't make {old}, so the {k} is on {v} now.
        My {k} has been moved to {v}, I don't know why.
    """),
    retractions=lines("""
        They cancelled the {k} and there's no new date.
        I don't need the {k} any more, so that's off.
        No {k} for me, I've cancelled it.
        The {k} is off, they'll write some time.
        -- for training alone --
        I've cancelled the {k}, and that's that.
        The {k} is cancelled for good.
        They've called off the {k} without saying why.
        I'm not having the {k} after all.
        I no longer need the {k}, all is well.
    """),
    questions=lines("""
        When is {who}'s {k}?
        On which date is {who}'s {k}?
        What is the date of {who}'s {k}?
        When does {who} have the {k}?
        On what day is {who}'s {k}?
        For which date did {who} get the {k}?
        What date has {who} got for the {k}?
        When will {who}'s {k} be?
    """),
)

VISIT = Attribute(
    "visit",
    Scope.SELF,
    "travel",
    "city",
    about="where I was",
    listed=True,
    states=lines("""
        I was in {v} for the weekend, on a city break.
        We went to see {v} for two days, a lovely city break.
        I've come back from a short city break in {v}.
        Last weekend's city break was {v}, all museums and sore feet.
        I've finally seen {v}, a nice little city break.
        I took a city break in {v}, only hand luggage.
        Two days in {v} on a city break and I need a holiday.
        We treated ourselves to a city break in {v}.
        My feet hurt, we walked all over {v} on our city break.
        Another city break, this time I went to {v}.
        I did a city break in {v}, cheap flight, dreadful hotel.
        I've been on a city break, {v}, wonderful bread.
        -- for training alone --
        I slept badly in {v}, but the city break was worth it.
        Who needs a holiday? Two days in {v}, a little city break, and I'm a new person.
        My friends dragged me to {v} for a city break.
        We spent our city break in {v}, mostly in cafes.
        After a city break in {v} I can't look at a cathedral any more.
        Greetings from {v}, I should say, but the city break is over and I'm back.
        I got the train to {v} on Friday, just for a city break.
        Rain all the way to {v}, and yet it was the best city break ever.
        We've just unpacked after our city break in {v}.
        I lost my umbrella in {v}, that's all I remember of that city break.
        I treated my mother to a city break in {v} last month.
        One more city break done: {v}, with blisters.
    """),
    questions=lines("""
        How many city breaks has {who} told of?
        How many city breaks did {who} take?
        On how many city breaks did {who} go?
        How many cities did {who} see on city breaks?
        How many different cities did {who} visit on a city break?
        What number of city breaks has {who} been on?
        How many times did {who} go on a city break?
        How many city breaks did {who} mention?
    """),
)

BOOK = Attribute(
    "book",
    Scope.SELF,
    "book",
    "title",
    about="the book",
    listed=True,
    states=lines("""
        I finished reading {v}, what a book.
        I've read {v} to the end, a good book.
        I stayed up till two to finish the book, {v}.
        Finished another book, {v}, on the tram.
        {v} is done, I liked the book until the last chapter.
        I got through {v}, such a long book.
        I finally finished that book, {v}.
        The last page of {v} made me cry, what a book to finish.
        I read {v} over the weekend, I never finish books that fast.
        One more book finished: {v}.
        I've put {v} back on the shelf, a book well worth finishing.
        I finished the book at last, {v}, six hundred pages.
        -- for training alone --
        I couldn't sleep, so I finished {v}, the book from my bedside table.
        I've finished the book that you lent me, {v}.
        That book, {v}, took me ages, but I've finished it.
        On the train I finished {v}, a book full of rain.
        I closed {v} at midnight, another book finished.
        Our neighbour gave me a book, {v}, and I finished it in two days.
        Have you read {v}? I've just finished that book.
        It rained all day, so I read a book to the end, {v}.
        With {v} I've finished a book in one go for once.
        I was late for work because I had to finish a book, {v}.
        I've returned {v} to the library, I'd finished the book by Monday.
        It took three attempts, but I've read the book {v} to the end.
    """),
    questions=lines("""
        How many books has {who} finished?
        How many books did {who} read?
        How many books has {who} finished reading?
        What number of books did {who} finish?
        How many books has {who} read to the end?
        How many books did {who} get through?
        How many finished books did {who} mention?
        How many different books has {who} read?
    """),
)
