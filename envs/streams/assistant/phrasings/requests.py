"""What users write beside their facts: openings, feedback, asides, and what goes with pasted texts.

The gaps are those of `projects`, `{who}` for somebody a letter goes to, and `{text}` for what is pasted.
"""

from __future__ import annotations

from ...synthetic.phrasings.partition import lines, words

OPENINGS = lines("""
    Hi, let's go on with {goal}.
    Back to {goal}, where were we?
    Hello again, I have time for {goal} today.
    New day, same topic: {goal}.
    I'd like to work on {goal} for a bit.
    Let's pick up {goal} again.
    Morning! Today it's about {goal}.
    Quick session on {goal}, please.
    I've thought about {goal} since last time.
    Okay, {goal}. I've slept on it.
    Can we continue with {goal}?
    I need your help with {goal} once more.
    So, {goal} again.
    It's me, with more questions on {goal}.
    Today I want to make real progress on {goal}.
    I only have {n} minutes, but let's look at {goal}.
    Remember {goal}? There is more to do.
    Hello, I'm stuck with {goal}.
    Next round of {goal}.
    Right, time to get {goal} off my list.
    Good evening, I'm finally back at {goal}.
    Let's have another look at {goal}.
    I promised myself to finish {goal} this week.
    Hey, could we spend a little time on {goal}?
    As for {goal}, I tried what you wrote on {day}.
    Here I am again because of {goal}.
    I've put off {goal} far too long.
    One more thing about {goal}.
    Please help me think through {goal}.
    We talked about {goal} the other day.
    Hi there, {goal} isn't done yet.
    Let me bother you with {goal} again.
""")

FEEDBACK = lines("""
    Shorter, please.
    Thanks, that helps a lot.
    That's too formal, try again.
    Can you turn it into bullet points?
    Hm, the third point doesn't convince me.
    Great, go on with the next part.
    You forgot {x}.
    Please leave out {y} this time.
    Can you explain that in simpler words?
    Perfect, exactly what I was looking for.
    That's not what I meant, it's about {x}.
    More detail on {x}, please.
    Could you put that into a table?
    I don't understand the part about {x}.
    Sounds good, but is it realistic within {n} days?
    Make it half as long.
    Nice, and now the same for {y}.
    Why {x}, of all things?
    Please number the points.
    I like the second version better.
    Can you check that again? It seems off.
    Give me another option, something bolder.
    Okay, and what comes after {x}?
    The tone is fine, the order isn't.
    Drop the introduction and start with {x}.
    Ha, good idea. What else?
    Please use fewer adjectives.
    That's a lot; which {n} of these matter most?
    Are you sure about {y}?
    Rephrase the last paragraph, it sounds like an advert.
    Continue.
    Could you give me an example for {x}?
    Thank you, I'll try that on {day}.
    Let's swap {x} and {y} and see.
    One more try, with a warmer tone.
    Is there a quicker way?
    I tried {x} and it didn't work.
    What would you do first, if you had to choose?
    Wow, that was quick. Now make it rhyme, just kidding.
    Skip the disclaimers, please.
    Can I have that without headings?
    Summarise what we have so far.
    Not bad. What about {y}, though?
    Please keep the beginning and change the rest.
    Explain it to a child of ten.
    I'd rather do without {x}.
    And if {x} isn't possible?
    Good, save that version and let's move on.
    Could you be more concrete about {y}?
    No lists, please, just plain text.
    What are the drawbacks?
    Can you give me the pros and cons of {x}?
    That reads well, thank you.
    Make {x} the main point.
    Fine, but cut everything about {y}.
    How sure are you about that?
    Translate the headline into plain English.
    Let me think about it. Meanwhile, how about {y}?
    Wonderful, one last check for typos, please.
    Give me the same again with {n} items.
    You repeat yourself in the second half.
    I don't like how it ends.
    Same again, but friendlier.
    Turn that into steps I can tick off.
""")

GOODBYES = lines("""
    Thanks, that's all for today.
    Great, I'll take it from here.
    I'll come back to this on {day}.
    Good, enough for now.
    That will do, thank you.
    Okay, I'm off to try it.
    Thanks for your patience.
    I have to stop here, more next time.
    Wonderful, good night.
    Alright, I'll let you know how it went.
    Thank you, that was useful.
    Let's leave it there for the moment.
    Perfect, I'm done for today.
    Cheers, until next time.
    I'll sleep on it. Thanks!
    Done. Thanks a million.
    You've been a great help today.
    That settles it, thanks.
    My coffee is cold, so let's stop here.
    Enough of {x} for one day.
""")

LEADS = lines("""
    For context:
    While I think of it,
    Something you should know:
    Before we start:
    Please keep in mind:
    So that you know,
    One thing about me:
    Some background:
    You'll need this:
    Please remember this:
    To give you an idea,
    A detail that matters:
    Note for later:
    Maybe this helps:
    I should have said this first:
    In case it matters,
    Please note this down:
    For what it's worth,
    Also important:
    Here's a bit about me:
    Keep this for next time:
    As a side note,
    You couldn't know, but
    Use this where it fits:
    Add this to what you know:
    So that you have it right,
    Let me tell you this:
    Let me add something:
    I nearly forgot:
    Don't forget this:
    Write this down somewhere:
    And another thing:
""")

CHANGE_LEADS = lines("""
    Small update:
    Something has changed:
    This is no longer as it was:
    What I told you is out of date:
    Please correct your notes:
    There's been a change:
    Update on my side:
    Forget what I said before:
    This is different by now:
    Since we last wrote:
    Please change what you have:
    A change of plan:
    This is new:
    You may have an old version of this:
    Before you use old information:
    Things have moved on:
    I need to update you:
    Big change here:
    Please overwrite this:
    Not as before:
""")

CORRECTIONS = lines("""
    Sorry, about {about}: I wrote {old}, I meant {v}.
    I made a mistake about {about}, it isn't {old}, it's {v}.
    A correction on {about}, it's {v}, not {old}.
    Please correct {about}: not {old} but {v}.
    I got {about} wrong: not {old}, it's {v}.
    Typo on my part about {about}: it's {v}, not {old}.
    I mixed something up about {about}: not {old} but {v}.
    Wait, {about} isn't {old}, I meant {v}.
    My mistake about {about}: make that {v} instead of {old}.
    I have to correct {about}. Not {old}, {v}.
    Not {old}, I should have written {v} for {about}.
    Oops, wrong entry for {about}: {v} is what I meant, not {old}.
    I told you {old} about {about}, but it's {v}.
    Please replace {old} with {v}, I got {about} wrong.
    Please fix {about}: it's {v}, not {old}.
    Careful, I gave you {old} for {about}; it's {v}.
""")

ASIDES = lines("""
    I've been putting this off for weeks.
    My notes are a mess, sorry.
    I'm not sure that I see the whole picture yet.
    The deadline is closer than I'd like.
    I tried it with a friend on {day} and it was a disaster.
    So far I only have {x} and a vague idea.
    Last time {x} took up far too much room.
    Everyone keeps telling me something different about {y}.
    I'd rather have something simple that works.
    Money isn't the main problem, time is.
    I read {n} articles about it and got more confused with each.
    I don't want to spend more than {n} minutes on it.
    It doesn't have to be perfect.
    I got feedback that {x} was hard to follow.
    To be honest, {y} scares me a bit.
    I've already crossed {x} off the list.
    The first attempt fell apart because of {x}.
    There were {n} comments on the last version.
    I'd like to understand it and not only copy it.
    Please don't assume that I know much about {x}.
    My attention span is short today.
    Nobody answered my messages about {y}.
    It rained all day, so I finally sat down with {x}.
    I usually give up at this point.
    The version from {day} was better in parts.
    We argued about {x} until midnight.
    I found an old folder with {n} pages on it.
    Half of it is finished, more or less.
    I'd like to be done by {clock}.
    There's a lot of advice out there, most of it for experts.
    {x} is what I care about most.
    It worked once, and I have no idea why.
    I made coffee and cleared the table for this.
    My first draft was far too long.
    Other people make {x} look easy.
    I'm a bit lost between {x} and {y}.
    On {day} I nearly threw everything away.
    Please be strict with me.
    I like clear instructions.
    The library had {n} books on it, all of them out on loan.
    It's mostly {x} that holds me up.
    I'd prefer not to talk about {y} any more.
    Somebody on the bus gave me the idea.
    I keep changing my mind about {x}.
    There's room for {n} at most.
    I've set an alarm for {clock}, until then I'm all yours.
    This is the fun part, I hope.
    The last tip about {y} saved me an hour.
    I have the feeling that something is missing.
    It should look as if it had been easy.
    I asked around, and nobody had an answer.
    My patience with {x} is used up.
    A short answer is fine.
    Take your time and think it through.
    I printed everything and spread it on the floor.
    The part with {x} is due on {day}.
    I copied {y} from somewhere, so it needs changing.
    It was a long day, so be kind.
    I want to surprise the others with it.
    We have {n} weeks at best.
    I've never done anything like it.
    {y} can wait, {x} can't.
    Up to now I did everything by hand.
    I'd like to hear what you really think.
""")

MAIL_REQUESTS = lines("""
    Please proofread this mail: | {text}
    Can you make this message sound friendlier? | {text}
    Rewrite this for me, a little shorter: | {text}
    Is this too direct? | {text}
    {text} | Fix the grammar, but keep my words where you can.
    Could you improve this letter to {who}? | {text}
    {text} | How does that sound?
    I wrote this in a hurry, please polish it: | {text}
    {text} | Make it more formal, it goes to {who}.
    What would you change in this mail to {who}? | {text}
    Here is my draft, tell me if anything is unclear. | {text}
    {text} | Please turn this into something I can send.
    Check the tone of this one, {who} is easily offended: | {text}
    Could you give me two other versions of this? | {text}
    {text} | Is that all right for {who}, or too chatty?
    This has to go out by {clock}. Any mistakes? | {text}
    {text} | Please split the long sentences.
    My message to {who} so far: | {text}
    Please translate this into plain language: | {text}
    {text} | Find me a good subject line for that.
    Read this as if you were {who}: | {text}
    {text} | Cut it by a third, please.
    Does this letter make sense? | {text}
    I want to send this to {who}, please check it first. | {text}
""")

NOTE_REQUESTS = lines("""
    Here are my notes, please sort them: | {text}
    Turn these points into a short paragraph: | {text}
    {text} | Can you put that in a sensible order?
    My list so far: | {text}
    I jotted this down on the train, what follows from it? | {text}
    {text} | Which of these points belong together?
    Please remember these points for later: | {text}
    {text} | Summarise that in two sentences.
    Copied from my notebook: | {text}
    {text} | Use what you need of it for {goal}.
    Here's a brain dump. | {text}
    {text} | Make headings for that, please.
    This is what I have in my head today: | {text}
    Could you tidy this up? | {text}
    {text} | What is missing there?
    From my phone, sorry for the form: | {text}
""")

TEXT_REQUESTS = lines("""
    Summarise this for me, please. | {text}
    What is the main point here? | {text}
    {text} | Explain that in simple words.
    I found this online, is it right? | {text}
    {text} | Give me the three key statements.
    Does this help with {goal}? | {text}
    Please shorten this to {n} words: | {text}
    {text} | What do they mean by that?
    A friend sent me this: | {text}
    {text} | Turn that into bullet points.
    Here's the text I mentioned. | {text}
    {text} | Is there anything in it that matters for {x}?
    Please pull out all that is about {y}: | {text}
    {text} | Write a headline for that.
    This is from the leaflet: | {text}
    {text} | Do you agree with it?
""")

CODE_REQUESTS = lines("""
    Why doesn't this work? | {text}
    {text} | It prints nothing, what am I missing?
    Can you clean this up? | {text}
    {text} | Please add a check for {x}.
    Is there a shorter way to write this? | {text}
    {text} | It was fine on {day}, and now it crashes.
    Explain this piece to me, line by line: | {text}
    {text} | How would you test that?
    This is what I have so far: | {text}
    {text} | Make that safe for {n} calls at once.
    Found this in an old folder, what does it do? | {text}
    {text} | Rename the variables so that one can read it.
    Please find the bug: | {text}
    {text} | Would you split that?
    My version, before you laugh: | {text}
    {text} | Could {y} go in there as well?
""")

STORIES = lines("""
    I'm writing about a character called {name}. {fact} Can you suggest a first scene?
    Here's the hero of my text: {name}. {fact} What should happen next?
    In the example, take an invented person, {name}. {fact}
    For the sample data, add somebody called {name}. {fact} Please add {n} more rows like that.
    Make up a dialogue with {name}. {fact} Keep it short.
    The exercise says: {fact} Write the answer that {name} would give.
    Let's call the customer in the case study {name}. {fact} How would you continue?
    The villain's name is {name}. {fact} Is that too boring?
    I read an interview with a certain {name}. {fact} Summarise what one learns from that.
    In the novel that I'm reading there's a {name}. {fact} Why would the author choose that?
    A line from the textbook: {fact} Which tense is that?
    Write a riddle about {name}. {fact}
    The template has a placeholder person, {name}. {fact} Replace that with something neutral.
    In the training video, {name} explains it all. {fact} How do I quote that?
    Invent a biography for {name}. {fact} Make the rest up.
    My character {name} needs more depth. {fact} What else could be true?
    Use this in a quiz question: {fact} The name {name} should be in the answer.
    Proofread this caption: {fact} It's about a stranger in an old photo called {name}.
    The sample letter is signed by {name}. {fact} Is that a good sample?
    Somebody called {name} wrote a review. {fact} Is that even relevant?
    Turn this into a limerick: {fact} It's about {name}, who doesn't exist.
    The persona on our poster is {name}. {fact} Give me two more personas.
    For a role play you're {name}. {fact} Start talking.
    The radio play opens with {name}. {fact} What would the listener think?
""")
"""Messages about people who do not exist or do not matter."""

PROFILES = lines("""
    Name: {name}. {fact} The rest of the page is about opening hours.
    {name} wrote to the editor. {fact} The letter goes on for {n} pages.
    Our reader {name} asks a question. {fact} The answer of the editors follows below.
    Portrait of the month: {name}. {fact} We thank all who sent in pictures.
    Case {n}: {name}. {fact} The names in this leaflet are invented.
    From the minutes: {name} introduced the new rules. {fact} There were no objections.
    Comment by {name}. {fact} This comment was useful to {n} readers.
    Sample entry: {name}. {fact} Delete this entry before you begin.
    The speaker on {day} is {name}. {fact} Doors open at {clock}.
    Witness {name} was heard first. {fact} The hearing was adjourned.
    Dear readers, today we meet {name}. {fact} Next week somebody else has the word.
    Obituary notice for the fictional {name}. {fact} Read the full text in the library.
""")
"""Pasted texts with somebody's particulars that do not matter."""

ADDRESSEES = words("""
    Ms Okafor, Dr Lindgren, Mr Pereira, the committee, Mrs Halloran, the front desk, Professor Ivanov,
    the landlord, Mr Castellano, the neighbours, Ms Dubois, the help desk, Dr Achterberg, the organisers,
    Mrs Yamamoto, the council, Mr Fitzgerald, the editors, Ms Novak, the club secretary, Dr Mbeki,
    the tenants, Mr Sorensen, the school, Mrs Papadakis, the clinic, Ms Whitlock, the archive,
    Mr Banerjee, the suppliers, Dr Olsson, the parents
""")
