"""Phrasings that hold a dialogue together: greetings, transitions, corrections, comments, follow-up
questions.
"""

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
""")

COMMENTS: dict[str, tuple[str, ...]] = {
    "place": lines("""
        The rain never stops, though.
        Best bread in the world.
        I still get lost on the way to the post office.
        It has its charms.
        The pigeons are enormous.
        You get used to the bells.
        There's a ferry, which helps.
        Don't ask about parking.
    """),
    "work": lines("""
        It could be worse.
        The coffee is dreadful.
        At least the people are nice.
        Don't ask me about the paperwork.
        Mondays are the worst.
        I like the quiet hours best.
        The canteen makes up for a lot.
        My back hurts by four.
    """),
    "person": lines("""
        We talk almost every day.
        You two would get on.
        Long story.
        Always good for a laugh.
        You've met once, I think.
        We had a row, but it's fine.
        I'm so proud.
        Never a dull moment.
    """),
    "taste": lines("""
        Don't judge me.
        I know, I know.
        Some things never change.
        I can't explain it.
        It runs in the family.
        People laugh at me for it.
        What can I say.
        It just makes me happy.
    """),
    "hobby": lines("""
        It clears the head.
        My shoulders are sore.
        I'm getting better, slowly.
        You should come along some time.
        It costs a fortune, but still.
        I can't stop talking about it.
        It beats television.
        There are bruises.
    """),
    "date": lines("""
        Time flies.
        I can hardly believe it.
        I've written it on the fridge.
        Remind me nearer the time.
        Let's see.
        I always mix up dates, but that one I know.
        It comes round so fast.
        I'm not looking forward to it.
    """),
    "age": lines("""
        I don't feel it, except on stairs.
        My hair has noticed.
        I stopped counting for a while.
        Where did the years go?
        Some days it feels like twice that.
        The candles nearly set off the alarm.
        I've bought better slippers.
        Nobody warned me.
    """),
    "health": lines("""
        It's a nuisance.
        I've learned to live with it.
        Nothing dramatic.
        Restaurants hate me.
        It gets worse every year.
        The pills help a bit.
        I found out the hard way.
        Better safe than sorry.
    """),
    "money": lines("""
        Daylight robbery.
        I could cry.
        That's how it is nowadays.
        My bank isn't happy.
        There goes the summer.
        It's only money.
        I've seen worse.
        My mother would faint.
    """),
    "number": lines("""
        I never remember such things.
        It's on a sticky note somewhere.
        Don't tell anyone.
        I had to ask twice.
        I tattooed it on my brain.
        At least I hope so.
        Who can remember all that.
        One more thing to remember.
    """),
    "pet": lines("""
        There's hair everywhere.
        The sofa didn't survive.
        I'm in love already.
        The vet bills, oh my.
        Such a character.
        We were up all night.
        The children are over the moon.
        Please don't tell the landlord.
    """),
    "club": lines("""
        I needed to get out.
        They're a funny bunch.
        There's always cake.
        I'm the youngest by far.
        I was nervous at first.
        It does me good.
        Nobody takes it too seriously.
        I've already got blisters.
    """),
    "plan": lines("""
        I can't wait.
        Let's see if it works out.
        I've been dreaming of it for years.
        High time, too.
        Everyone thinks I'm mad.
        I've already bought a notebook.
        Fingers crossed.
        No backing out.
    """),
    "wedding": lines("""
        My mother has cried twice.
        I still need shoes.
        There'll be too much cake.
        I'm so nervous.
        We want to keep it small.
        The guest list is a battlefield.
        You'd better come.
        I've stopped sleeping.
    """),
    "travel": lines("""
        My feet still hurt.
        I ate far too much.
        I took three hundred pictures.
        It was over too soon.
        The hotel had no hot water.
        I'd go back any time.
        I've brought you something.
        We got soaked.
    """),
    "book": lines("""
        I won't spoil the ending.
        You can borrow it.
        I cried at the end.
        A bit long in the middle.
        The last twist got me.
        Not for everyone.
        I couldn't put it down.
        I want to read the rest of the series.
    """),
}
"""Sentences that the teller may add, by topic."""

CIRCLE_COMMENTS = lines("""
    Good for {him}.
    I'm a bit jealous.
    That's {him} all over.
    You know how {he} is.
    I'd never manage that.
    We all wonder how {he} does it.
    I'm happy for {him}.
    Nobody saw that coming.
    {He} never does things by halves.
    I give it half a year.
    {He} seems happy, at least.
    Typical.
""")

FOLLOW_UPS: dict[str, tuple[str, ...]] = {
    "place": lines("""
        Is it expensive there? | Not too bad, if you know where to look.
        Do you like the people? | Yes, once they start talking.
        How's the weather there? | Windy, always windy.
        And the food? | Far too good, my trousers know it.
        Is it far from the sea? | An hour or so, if the train runs.
        Would you recommend it? | For a while, certainly.
        What's it like in winter? | Grey, but the cafes are cosy.
        Don't you feel lonely there? | Sometimes, on Sundays.
    """),
    "work": lines("""
        And the hours? | Long, but I get Fridays off now and then.
        Is the pay any good? | Let's say I won't get rich.
        Are the people nice? | Most of them, apart from one.
        How long is the commute? | Forty minutes on a good day.
        Doesn't that get boring? | Less than you'd think.
        Isn't it stressful? | Before the holidays, yes.
        Do you get to travel? | Only to the photocopier.
        Is there a canteen? | There is, and it smells of cabbage.
    """),
    "person": lines("""
        How are things there? | Oh, the usual ups and downs.
        Do you two get on? | Most of the time.
        Give my best, will you? | I will, promise.
        Have we met? | At that barbecue, I believe.
        Is everything all right? | Yes, yes, all fine.
        You're quite close, aren't you? | We are, always were.
        Same sense of humour as you? | Worse, if anything.
        Older than you think, right? | You'd be surprised.
    """),
    "taste": lines("""
        Since when? | As long as I can think.
        Why's that? | No idea, it just is.
        Not a bit bored of it? | Never, not for a second.
        Does everyone in your family feel that way? | Only my grandmother.
        Seriously? | Dead serious.
        Isn't that a bit odd? | I'm a bit odd, you know me.
        Always? | Always and everywhere.
        Who got you into that? | A flatmate, years ago.
    """),
    "hobby": lines("""
        Is it hard? | The first weeks are, then it clicks.
        How did that start? | Somebody gave me a voucher.
        Can beginners join? | Of course, they're very patient.
        Isn't it dangerous? | Only for my dignity.
        Where do you find the time? | I've stopped watching the news.
        Does it cost a lot? | The gear does, the rest is cheap.
        Are you any good? | I'm enthusiastic.
        Doesn't it hurt? | Every muscle, and it's worth it.
    """),
    "date": lines("""
        Isn't that soon? | Sooner than I'd like.
        Should I write that down? | Better do.
        Are you ready for it? | Is anybody ever?
        Will there be cake? | If you bake one.
        And how do you feel about it? | Surprisingly calm.
        Need a hand with anything? | I might, I'll let you know.
        Are you sure? | Quite sure, I looked it up.
        Can that be right? | I checked it twice.
    """),
    "age": lines("""
        Does it bother you? | Only when I run for the tram.
        Do you feel older? | On Mondays I do.
        And the eyesight? | I need longer arms.
        How did you celebrate? | With soup and a nap.
        Any wisdom to share? | Buy good shoes.
        Would you want to be younger? | Not with what I know now.
        Is that a big number for you? | It's big enough.
        Any grey hair? | It's blond, I tell everyone.
    """),
    "health": lines("""
        Is it bad? | Only if I'm careless.
        Have you always had that? | No, it came out of nowhere.
        Can they do anything? | Tablets, but they make me sleepy.
        Isn't that annoying? | You have no idea.
        What happens then? | Red eyes, itching, the whole show.
        Did you see a doctor? | Three of them.
        Are you careful? | I try to be.
        Does it run in the family? | My aunt has it too.
    """),
    "money": lines("""
        Isn't that a lot? | It is, I still feel dizzy.
        Couldn't you haggle? | I tried, they laughed.
        Worth it? | Ask me in a year.
        Can you afford that? | If I stop eating out.
        Is that normal? | Around here, sadly.
        Did you compare? | For weeks, I made a list.
        Who charges that much? | Everybody, it seems.
        Do you regret it? | Not yet.
    """),
    "number": lines("""
        Sure you should tell me that? | I trust you.
        Can you remember that? | I wrote it on my hand.
        Is that a lucky number? | I hope so.
        Could you say it again? | I'll text it to you.
        Who makes these up? | A computer, I guess.
        Is it written down somewhere? | On the fridge, under the magnet.
        Isn't that hard to remember? | I sing it.
        What if you forget? | Then I'll ask you.
    """),
    "pet": lines("""
        How are things going? | So far so good, one vase less.
        Isn't that a lot of work? | Early mornings, mostly.
        Can I come and see? | Any time, bring treats.
        Does your landlord know? | We don't talk about that.
        Are you sleeping at all? | Not since Thursday.
        House-trained? | That would be saying too much.
        Who chose the name? | We fought over it for days.
        Any photos? | About four hundred.
    """),
    "club": lines("""
        Are they nice? | Very, if a bit loud.
        Is it fun? | Most of the time, yes.
        Do you have to be good? | Luckily not.
        How many are you? | A dozen, when everyone turns up.
        Does it cost anything? | Just a round of drinks.
        Could I come along? | I'll ask, but sure.
        Is it competitive? | Don't get me started.
        Did you know anyone there? | Not a soul.
    """),
    "plan": lines("""
        Are you excited? | Like a child before Christmas.
        Isn't that expensive? | A bit, but I've been saving.
        Whose idea was that? | Mine, believe it or not.
        What made you decide? | A wet afternoon and too much coffee.
        Going alone? | We'll see who joins.
        Are you sure about it? | As sure as one can be.
        Do you need to prepare? | I've made a list of lists.
        How long will it last? | Not long enough.
    """),
    "wedding": lines("""
        Are you nervous? | Terrified.
        Do you have a dress code? | Come as you are.
        Is there a band? | My uncle's accordion, I fear.
        How many guests? | It keeps growing.
        Can I help? | You could fold napkins.
        Who's making the cake? | It's a state secret.
        Where do we sleep? | I'll send you a list.
        Happy? | Very.
    """),
    "travel": lines("""
        How was it? | Short, but wonderful.
        Was it crowded? | Shoulder to shoulder.
        Did you eat well? | Like kings.
        Any pictures? | Too many, come over one evening.
        Would you go again? | Tomorrow, if I could.
        Was the weather kind? | Two umbrellas broke.
        Did you rest at all? | Not really.
        What was best? | Sitting by the water doing nothing.
    """),
    "book": lines("""
        Was it good? | The second half is.
        Can I borrow it? | I'll bring it next time.
        Who wrote it? | I can never pronounce the name.
        Is it sad? | Bring a handkerchief.
        Would I like it? | If you can stand slow books.
        How long did it take you? | Three weeks of tram rides.
        What's it about? | A family, a secret, the usual.
        Worth the time? | I'd say so.
    """),
}
"""Questions of the listener about what was just told, and the teller's answer, by topic."""

STRANGER_COMMENTS = lines("""
    People tell you everything if you wait long enough.
    Not that we talk much.
    I only know {him} by sight.
    I overheard it.
    Why do I know these things?
    {He} told me without being asked.
    I just nodded.
    That's what I was told.
    The things one hears.
    I barely know {him}, mind you.
    Small world.
    It came up while we were waiting.
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
