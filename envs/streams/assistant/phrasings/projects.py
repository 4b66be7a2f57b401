"""What users work on with the assistant over several sessions."""

from __future__ import annotations

from dataclasses import dataclass

from ...synthetic.phrasings.partition import lines, words


@dataclass(frozen=True, slots=True)
class Project:
    """A kind of project; one of a stream has a goal, which is spoken of in all its sessions.

    In requests `{goal}` is the goal, `{x}` and `{y}` are things, `{n}` is a number and `{day}` a weekday.

    Attributes:
        goals: Noun phrases for what is to come of it.
        requests: What the user asks for, without a fact.
        things: Noun phrases that the talk is about.
        aspects: Headings of the assistant's lists.
        has_code: True if code is pasted and written.
    """

    goals: tuple[str, ...]
    requests: tuple[str, ...]
    things: tuple[str, ...]
    aspects: tuple[str, ...]
    has_code: bool = False


PROJECTS = (
    Project(  # travel
        goals=lines("""
            the hike along the coast path
            the rail tour with three stops
            the long weekend in the mountains
            the camping week with the children
            the canal boat week
            the cycling tour with tents
            the island hopping route
            the winter cabin week
        """),
        requests=lines("""
            Can you sketch a day-by-day plan for {goal}?
            What should I pack for {goal}, apart from {x}?
            Compare {x} and {y} for me, with costs.
            How much should I set aside for {goal}, roughly?
            Please write a short message to the others about {x}.
            Which part of {goal} would you cut if we only had {n} days?
            Is {x} worth it, or is that for beginners?
            Give me a packing list for {goal}, grouped by bag.
            What could go wrong with {x} on {goal}?
            Where do people usually sleep on {goal}?
            Make a table of {x}, {y} and what else we need for {goal}.
            How early do I have to book {x}?
        """),
        things=words("""
            the night train, the rain gear, the ferry, the guesthouse, the day pass, the map, the stove, the
            luggage locker, the trail shoes, the shuttle bus, the insurance, the picnic, the first-aid kit,
            the sleeping bags, the return leg, the museum morning, the rest day, the power bank, the water
            filter, the viewpoint, the reservation, the rucksacks, the tide table, the hostel
        """),
        aspects=words("""
            Getting there, Nights, Food on the way, Rain and sun, Budget, Tempo, Safety, Bookings, Luggage,
            Rest, Documents, The way back
        """),
    ),
    Project(  # essay
        goals=lines("""
            the essay on lighthouses
            the term paper on paper money
            the article on urban bees
            the essay on silence in films
            the report on tidal power
            the paper on medieval bridges
            the seminar paper on queues
            the essay on translation
        """),
        requests=lines("""
            Could you give me an outline for {goal}?
            How do I get from {x} to {y} without a jump?
            Suggest three titles for {goal}.
            Is my argument in {goal} too thin?
            Write a first paragraph for {goal}, about {n} words.
            Which objections to {goal} should I expect?
            What is a good source on {x}?
            Explain the difference between {x} and {y} as you would to a first-year student.
            Please turn my points on {x} into prose.
            How many sources does {goal} need?
            Make the ending of {goal} less solemn.
            What is the weakest point of {goal}, honestly?
        """),
        things=words("""
            the introduction, the thesis, the second section, the counterargument, the footnotes, the
            conclusion, the quotation, the case study, the definition, the bibliography, the abstract, the
            transition, the example, the table of sources, the title, the summary, the first paragraph, the
            evidence, the method, the literature review, the figure, the appendix, the topic sentence, the
            deadline draft
        """),
        aspects=words("""
            Claim, Evidence, Structure, Sources, Objections, Style, Opening, Last words, Length, Terms,
            Examples, Order
        """),
    ),
    Project(  # script
        goals=lines("""
            the script that renames photos
            the small weather dashboard
            the backup tool
            the parser for bank exports
            the scraper for bus timetables
            the chess puzzle bot
            the reading list app
            the script that merges spreadsheets
        """),
        requests=lines("""
            Why does {x} fail in {goal} when the file is empty?
            Write a function for {goal} that checks {x} first.
            How would you test {x} in {goal}?
            Can you make {x} faster without making it unreadable?
            What is the usual way to handle {x} and {y} together?
            Add comments to {x}, please, but not to every line.
            Which library would you take for {x}?
            Rewrite {x} so that it works with {n} files at once.
            Show me how to log {y} in {goal}.
            Is it bad style to put {x} into {y}?
            How do I undo the last step of {goal} if {x} breaks?
            Explain what {x} does, line by line.
        """),
        things=words("""
            the loop, the regular expression, the config file, the error message, the cache, the parser, the
            unit test, the command line, the date format, the retry logic, the lock file, the data class, the
            virtual environment, the import, the type hint, the log file, the temporary folder, the encoding,
            the generator, the decorator, the exit code, the queue, the thread pool, the lookup table
        """),
        aspects=words("""
            Input, Edge cases, Exceptions, Naming, Test cases, Run time, Logging, Modules, Dependencies,
            Types, Output, Cleaning up
        """),
        has_code=True,
    ),
    Project(  # fitness
        goals=lines("""
            the plan for the half marathon
            the back exercises
            the plan for ten pull-ups
            the swimming programme
            the plan to get up earlier
            the stretching routine
            the strength plan without weights
            the rowing programme
        """),
        requests=lines("""
            Build me a week of {goal}, with {n} sessions.
            What do I do in {goal} if {x} hurts?
            Should {x} come before {y}?
            How long until {goal} shows, realistically?
            Make {goal} easier for the next {n} days.
            Give me a table for {goal} with days and minutes.
            Is {x} really needed, or could I skip it?
            Which mistakes do people make with {x}?
            How do I measure progress in {goal}?
            Replace {x} in {goal} with something quieter.
            What should I eat before {x}?
            Motivate me in two sentences, I don't feel like {x}.
        """),
        things=words("""
            the warm-up, the long run, the plank, the day off, the intervals, the cool-down, the squats, the
            foam roller, the morning session, the lunges, the breathing drill, the step count, the shoulder
            set, the hill repeats, the mobility block, the push-ups, the pulse, the resistance band, the
            evening walk, the core set, the easy week, the stopwatch, the bridge exercise, the training log
        """),
        aspects=words("""
            Warm-up, Main part, Recovery, Technique, Weekly load, Sleep, Progress, Pain, Nutrition, Gear,
            Motivation, Plan B
        """),
    ),
    Project(  # application
        goals=lines("""
            the application for the museum post
            the cover letter for the library
            the CV in English
            the scholarship application
            the speculative application
            the portfolio page
            the letter of motivation
            the application for the trainee scheme
        """),
        requests=lines("""
            Give me five bullet points for {goal}.
            How do I explain {x} in {goal}?
            Draft an opening line for {goal} that isn't a cliché.
            Is {x} too long at {n} lines?
            What questions will they ask me about {y}?
            Please check {goal} for repetitions.
            Should {x} come before {y}?
            How formal does {goal} have to be?
            Rewrite {x} with stronger verbs.
            What do I wear, and what do I bring along for {y}?
            Write a polite reminder because nobody has answered {goal}.
            Which part of {goal} would you leave out?
        """),
        things=words("""
            the gap in the second year, the reference, the salary question, the skills section, the
            introduction line, the volunteer work, the certificate, the second page, the interview, the
            closing line, the photo, the project list, the language section, the reason for the change, the
            first impression, the internship, the short profile, the layout, the attachment, the subject
            line, the strengths paragraph, the case task, the thank-you note, the online form
        """),
        aspects=words("""
            First line, Fit, Proof, Tone, Layout, Gaps, Keywords, Questions, Follow-up, Figures, Closing,
            Attachments
        """),
    ),
    Project(  # garden
        goals=lines("""
            the raised beds
            the shady corner of the garden
            the balcony boxes
            the compost heap
            the herb spiral
            the wildflower strip
            the small pond
            the pruning of the old trees
        """),
        requests=lines("""
            When do I start with {goal}?
            What grows well beside {x}?
            It all looks a bit sad: what could be wrong with {x}?
            Make a calendar for {goal}, month by month.
            How often does {x} need water in hot weather?
            Which is cheaper, {x} or {y}?
            How do I keep slugs away from {goal} without poison?
            Give me a shopping list for {goal} under {n} items.
            Can {x} stay outside in winter?
            What do I do with {y} in the meantime?
            Draw me a simple layout of {goal} in text.
            How deep does {x} have to go?
        """),
        things=words("""
            the seedlings, the mulch, the trellis, the rain barrel, the lavender, the clay soil, the hedge,
            the seed tray, the gravel path, the tomato row, the fleece, the old roses, the rhubarb, the
            drip hose, the bark, the leaf mould, the bulbs, the strawberry pots, the netting, the garden
            shears, the cold frame, the climbing beans, the worm box, the sandy patch
        """),
        aspects=words("""
            Soil, Light, Water, Season, Neighbours, Pests, Tools, Harvest, Winter, Spacing, Price, Patience
        """),
    ),
    Project(  # budget
        goals=lines("""
            the household budget
            the savings plan
            the overview of subscriptions
            the plan to pay off the loan
            the emergency fund
            the shared cost sheet
            the yearly tax folder
            the plan for the new windows
        """),
        requests=lines("""
            Set up a simple table for {goal}.
            Where would you start with {goal} if {x} is a mess?
            How do I split {x} fairly between two people?
            Explain {y} in plain words.
            Which of {x} and {y} should go first?
            What share of the income is normal for {x}?
            Write a formula for {goal} that adds up {x}.
            How much do I save in {n} months if I cut {x} by half?
            Give me three rules for {goal} that I can stick to.
            Is it smart to mix {x} with {y}?
            Draft a letter to cancel {x}.
            How do I keep {goal} up to date without spending hours?
        """),
        things=words("""
            the grocery envelope, the standing order, the phone contract, the interest rate, the gym contract,
            the heating bill, the credit card, the receipts, the current account, the streaming services, the
            spare change, the annual fee, the direct debit, the repair fund, the spreadsheet, the bonus, the
            insurance premium, the cash withdrawals, the travel pot, the exchange rate, the overdraft, the
            electricity bill, the donation, the holiday pot
        """),
        aspects=words("""
            Income, Fixed costs, Variable costs, Savings, Debts, Surprises, Habits, Aids, Review, Priorities,
            Risks, Goals
        """),
    ),
    Project(  # language learning
        goals=lines("""
            the vocabulary list for travellers
            the grammar summary
            the listening practice
            the small talk phrases
            the plan for the language test
            the pronunciation drills
            the reading plan in easy language
            the flash cards
        """),
        requests=lines("""
            Quiz me on {x} with {n} questions.
            Explain {x} with two examples.
            What is the difference between {x} and {y}?
            Make a four-week schedule for {goal}.
            Correct my sentences about {x}, but don't rewrite them.
            Which mistakes with {x} sound worst?
            Give me a dialogue that uses {y}.
            How many new words a day are sensible for {goal}?
            Write a text for {goal} at beginner level.
            Is there a trick to remember {x}?
            Sort {goal} by how useful it is.
            How do natives really say {y}?
        """),
        things=words("""
            the past tense, the polite form, the numbers, the false friends, the word order, the articles, the
            plural, the irregular verbs, the prepositions, the question forms, the accent marks, the
            conditional, the silent letters, the pronouns, the days and months, the idioms, the dictation, the
            linking words, the stress rules, the endings, the greetings, the comparatives, the dialogues, the
            spelling rules
        """),
        aspects=words("""
            Vocabulary, Grammar, Listening, Talking, Routine, Errors, Review, Material, Speed, Tests, Games,
            Rewards
        """),
    ),
    Project(  # party
        goals=lines("""
            the garden party
            the housewarming
            the street festival stand
            the surprise evening
            the office summer party
            the class reunion
            the charity dinner
            the games night
        """),
        requests=lines("""
            Write an invitation to {goal}, funny but short.
            How many drinks do I need for {n} guests?
            What could replace {x} if it rains at {goal}?
            Make a timeline for {goal}, hour by hour.
            Who should take care of {x}, and who of {y}?
            Give me a menu for {goal} that can be prepared a day before.
            Suggest three games for {goal}.
            How loud can {x} be after ten?
            Draft a note to the neighbours about {goal}.
            What do people forget most often besides {x}?
            Is {x} too much, together with {y}?
            Make a checklist for the morning of {goal}.
        """),
        things=words("""
            the paper lanterns, the playlist, the buffet, the seating plan, the folding chairs, the ice, the
            lucky draw, the speech, the barbecue, the cloakroom, the welcome drink, the marquee, the dessert
            table, the name tags, the guest book, the dance floor, the extension leads, the plates, the
            photo corner, the taxi list, the quiz round, the bonfire, the cake stand, the clean-up crew
        """),
        aspects=words("""
            Guests, Food, Drinks, Music, Space, Schedule, Weather, Helpers, Decoration, Costs, Neighbours,
            Clean-up
        """),
    ),
    Project(  # meals
        goals=lines("""
            the meal plan for weekdays
            the lunch boxes
            the freezer stock
            the vegetarian month
            the sourdough experiments
            the menu for Sunday guests
            the soup collection
            the low-waste kitchen
        """),
        requests=lines("""
            Plan {n} dinners for {goal}.
            What can I cook from {x} and {y}?
            Scale {x} up for {n} people.
            How long does {x} keep in the fridge?
            Write a shopping list for {goal}, sorted by shelf.
            What goes wrong when {x} turns out dry?
            Swap {x} for something cheaper.
            Explain how to do {y} without a machine.
            Make {goal} work with {n} minutes a day.
            Which spices go with {x}?
            Turn my notes on {x} into a recipe.
            Is it safe to freeze {y}?
        """),
        things=words("""
            the lentils, the leftover rice, the roast vegetables, the stock, the dough, the chickpeas, the
            salad dressing, the oven tray, the oats, the frozen peas, the pesto, the pickles, the root
            vegetables, the pancake batter, the slow cooker, the yoghurt, the flatbread, the tomato base, the
            herbs, the marinade, the potato water, the granola, the broth, the crumble
        """),
        aspects=words("""
            Shopping, Prep, Cooking, Storage, Leftovers, Protein, Vegetables, Spices, Time, Cost, Variety,
            Equipment
        """),
    ),
    Project(  # presentation
        goals=lines("""
            the talk for the town council
            the project presentation
            the lecture on river floods
            the pitch for the bike workshop
            the training session for new staff
            the poster for the science day
            the slides on the survey
            the speech for the jubilee
        """),
        requests=lines("""
            Cut {goal} down to {n} slides.
            How do I open {goal} without a joke?
            Write speaker notes for {x}.
            Which chart fits {x} best?
            What questions will come up after {goal}?
            Put {x} and {y} on one slide, in bullet points.
            How do I explain {x} to people who are in a hurry?
            Make the last slide of {goal} stronger.
            Give me a one-minute version of {goal}.
            Is {x} needed if I already show {y}?
            Suggest a picture for {x}.
            How do I stay calm during {y}?
        """),
        things=words("""
            the agenda, the first slide, the bar chart, the key figure, the demo, the closing slide, the
            handout, the timeline, the survey result, the microphone, the question round, the comparison, the
            summary slide, the map of the area, the speaker notes, the animation, the budget slide, the
            backup slides, the quote, the colour scheme, the pause, the rehearsal, the call to action, the
            clicker
        """),
        aspects=words("""
            Message, Beginning, Flow, Slides, Numbers, Speaking, Minutes, Questions, Visuals, Audience,
            Finish, Rehearsal
        """),
    ),
    Project(  # fiction
        goals=lines("""
            the short story about the ferry
            the crime novel in the opera house
            the children's book about a snail
            the radio play
            the fairy tale for adults
            the science fiction story
            the diary novel
            the comedy sketch
        """),
        requests=lines("""
            Write the next scene of {goal}, about {n} lines.
            How can {x} hint at {y} early on?
            Give me three possible endings for {goal}.
            Is {x} believable like that?
            Make the dialogue around {x} quicker.
            What does {goal} lack in the middle?
            Describe {x} without using the word for it.
            Find a better name for {y}.
            Summarise {goal} on the back of a book.
            Where should {x} turn up again?
            Tell {x} from another point of view.
            How do I keep the tension after {y}?
        """),
        things=words("""
            the opening scene, the villain, the missing key, the flashback, the storm, the narrator, the first
            clue, the old letter, the twist, the rooftop chase, the silence at dinner, the talking cat, the
            locked room, the subplot, the lie, the broken clock, the false alarm, the reunion, the map in the
            attic, the last chapter, the night watchman, the cliffhanger, the dream, the rival
        """),
        aspects=words("""
            Plot, Characters, Setting, Conflict, Pace, Dialogue, Mood, Clues, Turning point, Ending, Voice,
            Theme
        """),
    ),
)
