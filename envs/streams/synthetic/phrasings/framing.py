"""Phrasings that hold a dialogue together: greetings, transitions, corrections; and who is spoken of."""

from __future__ import annotations

from .partition import lines

GREETINGS = lines("""
    Hi {other}, how have you been?
    Hello {other}! Long time no see.
    Morning, {other}. Do you have a minute?
    {other}! There you are.
    Hey {other}, good to hear your voice.
    Evening, {other}. Am I disturbing you?
    Oh good, you're still up, {other}.
    Hi there, {other}. Coffee?
    Hello stranger! How's life, {other}?
    {other}, hi. I was just thinking of you.
    Hey you. All well, {other}?
    Hi {other}, is this a good time?
    Are you there, {other}? The line's a bit odd.
    Hiya {other}. How's things?
    {other}, finally! I tried you twice yesterday.
    Good afternoon, dear {other}. How are you keeping?
    Hello, it's me. What's new, {other}?
    Hey {other}, long week?
    Knock knock, {other}. Fancy a chat?
    Hello hello, {other}. How did you sleep?
    {other}, my favourite person! How goes it?
    Hi {other}. I've got half an hour and a pot of tea.
    Oh, {other}, that was quick. How are you?
    Hey {other}, are you sitting down?
    Hi {other}, sorry I didn't ring back sooner.
    Well hello, {other}. Still alive?
    Morning {other}! You sound cheerful.
    {other}, hello. I hope I'm not too early.
    Hi {other}, me again.
    How's my old friend {other} today?
    Hey {other}, I could do with a chat.
    There you are at last, {other}! How was your week?
    -- for training alone --
    Good to see you, {other}, come in.
    Hey {other}, did I wake you?
    Hello {other}, what a week it's been.
    {other}, you're early today!
    Hi {other}, how are things at your end?
    Morning, {other}, have you had breakfast?
    Oh {other}, I hoped you'd pick up.
    Good evening, {other}. Did you get home all right?
    Hi {other}, can you talk?
    Here I am again, {other}. How are you?
    {other}, I've missed our chats.
    Hey there, {other}. What are you up to?
    Hello {other}, quick, tell me something nice.
    There's that voice! How are you, {other}?
    Hi, {other}. It's been too quiet around here.
    Good day to you, {other}, and how's the mood?
""")

GREETING_REPLIES = lines("""
    Hi {other}! Not too bad, can't complain.
    Hello! All fine here, a bit tired.
    Hey {other}, perfect timing, the kettle's on.
    Hi! I've had better weeks, but I'm fine.
    {other}! I was about to ring you.
    Good to hear from you. I'm all right.
    Oh hello, yes, I've just sat down.
    Hey! Busy as ever, and you know me, always late.
    Hi {other}. I'm well, thanks for asking.
    Hello hello. Never been better, honestly.
    Hey {other}, I'm only half awake.
    Hi, {other}! I've got all the time in the world for you.
    Oh, {other}, you've saved me from the ironing.
    Hello {other}. Same old, same old.
    Hey! I'm fine, my feet are up.
    Hi {other}, so far so good.
    There's my {other}. I'm well, a bit hungry.
    Hello! I was hoping it'd be you.
    Oh, I'm muddling through, thanks.
    Hi {other}. It's been one of those days.
    Hey hey! I'm in a splendid mood, actually.
    Hello {other}, can you hear me? Good. I'm fine.
    Hi! Wait, let me turn off the radio. There.
    {other}, good timing. I needed a break.
    Oh, can't grumble, and if I did nobody would listen.
    Hey {other}! Better now that you're here.
    Hello! My tea's getting cold, but go ahead.
    Hi {other}. A bit of a cold, otherwise fine.
    Well, I've survived the week, {other}.
    Hey, I was miles away. I'm good.
    Hi {other}, I'm on the balcony, so excuse the noise.
    Hello dear. Old and wise as ever.
    -- for training alone --
    Hi {other}, I'm all ears.
    Hello {other}! A little sleepy, but well.
    Hey, good that you called, I was bored.
    Hi {other}, don't worry, you're not disturbing me.
    Oh, it's you, {other}! I'm fine, thank you.
    Hello! I've just come in from the cold.
    Hey {other}, you caught me eating, but go on.
    Hi! Fine, fine, the usual chaos.
    I'm doing well, {other}, and you sound good too.
    Hello there. Tired, but in one piece.
    {other}, what a nice surprise. I'm all right.
    Hi {other}, I've been up since six, so be gentle.
    Hey, everything's quiet here for once.
    Good to hear you, {other}. I could be worse.
    Yes, yes, come in, {other}, mind the mess.
    Hello {other}, I was hoping for a distraction.
""")

GOODBYES = lines("""
    Right, I have to run. Talk soon!
    Anyway, my break's over. Take care, {other}.
    I'd better go, the doorbell just rang. Bye!
    Let's talk again next week, {other}.
    OK, I'm off to bed. Good night!
    My phone's about to die, so bye for now.
    I have to pick something up before the shops close. See you, {other}!
    All right, {other}, say hello to everyone from me.
    Got to dash, my tram's coming. Bye!
    That was nice. Same time next week?
    Well, the washing won't hang itself. Bye, {other}!
    Somebody's calling on the other line. Speak soon!
    I must go, there's a smell from the kitchen. Bye!
    It was good to talk, {other}. Look after yourself.
    Let's stop here or we'll be talking till midnight.
    Hang on, my stop. Bye, {other}!
    I'm falling asleep here. Till next time!
    OK {other}, duty calls. Hugs!
    Oops, is that the time? Talk soon, {other}.
    To be continued, {other}. Bye bye.
    Right then, back to the grindstone.
    I'll let you go, {other}, you sound tired.
    There's someone at the door. I'll ring you, {other}.
    Bye for now, and don't work too hard!
    -- for training alone --
    I need to feed myself now. Bye, {other}!
    OK, the bus is here. Until next time!
    Let's leave it there for today, {other}.
    I'm yawning, sorry. Sleep well, {other}!
    My boss is looking at me. Bye!
    Time to walk home. Take care of yourself!
    Right, {other}, I'll leave you in peace. Bye!
    Oh, the rice! I must go. Ciao!
    We could talk all night, {other}, but I need my bed.
    All right then, till Sunday, {other}.
    I've got to get up early. Good night, {other}!
    Lovely talking to you. Bye!
""")

TRANSITIONS = lines("""
    By the way,
    Oh, before I forget:
    Something else:
    You know,
    Did I tell you?
    Oh, and
    Guess what:
    Changing the subject:
    Now that I think of it,
    Between you and me,
    So,
    News from my side:
    Oh, this just came to me:
    I've been meaning to tell you:
    Ah yes,
    And another thing:
    Well,
    Did you know?
    I may have said this before, but
    Here's something:
    Wait, there was something.
    Apropos of nothing,
    Actually,
    As for me and mine,
    Hear this:
    That reminds me,
    Oh, and did I mention it?
    Quick thing,
    Not that it matters, but
    Let me see, what else?
    While I've got you,
    Before we get lost in chatter,
    -- for training alone --
    By the by, this might interest you:
    I keep meaning to say,
    Before you ask:
    Where were we? Oh yes,
    One thing, though:
    In case I haven't said so,
    To come to something else,
    Oh, you'll like this:
    While I remember,
    This isn't important, but
    I'm sure I told you that
    Just so you know,
    A propos,
    Listen,
    It just struck me that
    You may laugh, but
    Stop me if you've heard this:
    Let me tell you this before I forget it.
    Right, and then there's this.
""")

SMALL_TRANSITIONS = lines("""
    Anyway,
    Oh well,
    By the by,
    Ah, and
    Seriously now,
    Honestly,
    So anyway,
    Meanwhile,
    Oh, listen to this:
    Never mind that.
    Where was I?
    Let me tell you something.
    Oh, by the way,
    Now then,
    You won't believe my day:
    Speaking of nothing in particular,
    Ah, before it slips my mind:
    What else?
    On a lighter note,
    I have to tell you:
    Do you know what?
    Then there's this:
    Apart from that,
    Ah, and then
    -- for training alone --
    Well, anyway,
    But enough of that.
    And then, imagine,
    Oh, that's nothing.
    In other news,
    Today of all days,
    You should have been there:
    Let's see, what else happened?
    To change the topic,
    It's silly, but
    Funny thing,
    Here's a good one:
    Oh, one more thing.
    It was like this:
""")

CORRECTIONS = lines("""
    Sorry, about {about}: I said {old}, I meant {v}.
    Wait, I told you nonsense about {about}. It isn't {old}, it's {v}.
    Did I say {old}? I got {about} wrong, it's {v}.
    Correction on {about}: {v}, not {old}.
    I mixed something up earlier, {about}: not {old} but {v}.
    Scratch {old}, I should have said {v}. That's {about}.
    Oh, I made a mistake about {about}, {old} was wrong, {v} is right.
    I have to correct myself on {about}. Not {old}, {v}.
    Sorry, slip of the tongue with {about}; {v} is what I meant, not {old}.
    No idea why I said {old} about {about}. It's {v}, of course.
    Silly me, {about}: make that {v} instead of {old}.
    I misspoke about {about}, it's {v} and not {old}.
    -- for training alone --
    About {about}, I got it mixed up: I said {old}, but it's {v}.
    Please forget {old}, I meant {v} when I spoke of {about}.
    It's {v}, I was wrong about {about} when I said {old}.
    I need to put something right about {about}: it's {v}, I shouldn't have said {old}.
    I wasn't thinking, {about}, that's {v}, I said {old} by mistake.
    I was half asleep when I spoke of {about}, it isn't {old}, I meant {v}.
    My mistake: {about} isn't {old}, I meant {v}.
    Oh dear, it's {v}, not {old}, that I should have said about {about}.
    I take it back, {about} isn't {old} but {v}.
    Let me correct that: {about}, that's {v}, not {old}.
""")

RELATIONS: dict[str, str] = {
    "older sister": "f",
    "younger sister": "f",
    "older brother": "m",
    "younger brother": "m",
    "aunt": "f",
    "uncle": "m",
    "cousin": "",
    "flatmate": "",
    "boss": "",
    "best friend": "",
    "niece": "f",
    "nephew": "m",
    "daughter": "f",
    "son": "m",
    "stepfather": "m",
    "godmother": "f",
}
"""People close to a speaker, with their gender where the word tells it; the same in all splits."""

SIBLINGS = frozenset({"older sister", "younger sister", "older brother", "younger brother"})

STRANGER_HEADS: dict[str, str] = {
    "a woman": "f",
    "some guy": "m",
    "the man": "m",
    "a lady": "f",
    "the girl": "f",
    "a fellow": "m",
    "an old man": "m",
    "the new woman": "f",
}
"""People whom a speaker hardly knows; the same in all splits, unlike the place they belong to."""

STRANGER_PLACES = lines("""
    from the gym
    next door
    at the bakery
    on the night bus
    downstairs
    from the parents' meeting
    who delivers our post
    at the launderette
    across the street
    from accounting
    I met on the ferry
    at the hardware shop
    on the radio
    who cuts my hair
    from the allotments
    at the petrol station
    in the waiting room
    from the choir's back row
    who sells newspapers
    at the ticket office
    from my old school
    two desks away
    behind me in the queue
    who walks four dogs
    -- for training alone --
    from the bus stop
    at the swimming pool
    who feeds the pigeons
    from the flat above
    in the lift
    from the fruit stall
    who fixed our gutter
    at the dry cleaner's
    I sat next to on the train
    from the evening news
    who mends my bike
    with the two umbrellas
    from the tax office
    at the dog park
    I keep meeting on the stairs
    who sings in the subway
    in front of me at the till
    from the wine shop
    who reads the gas meter
    at the next table
""")

COUNT_QUESTIONS: dict[str, tuple[str, ...]] = {
    "pet": lines("""
        How many pets does {who} have?
        How many pets has {who} got now?
        What number of pets does {who} have?
        How many animals live with {who}?
        How many pets did {who} mention?
        How many animals does {who} keep?
        How many different pets has {who} talked of?
        How many animals belong to {who}?
    """),
    "sibling": lines("""
        How many siblings does {who} have?
        How many brothers and sisters does {who} have?
        How many siblings did {who} mention?
        What number of brothers and sisters has {who} got?
        How many siblings has {who} talked of?
        How many sisters and brothers did {who} mention?
        How many siblings of {who} are there?
        What is the number of {who}'s siblings, brothers and sisters together?
    """),
}

PERSON_FORMS = ("{owner}'s {k}", "the {k} of {owner}")
"""How a question names somebody through one of the speakers; the same in all splits."""
