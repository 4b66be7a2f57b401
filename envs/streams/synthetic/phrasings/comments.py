"""Phrasings of what the teller of a fact adds to it: comments that say nothing of the fact itself."""

from __future__ import annotations

from .partition import lines

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
        -- for training alone --
        The neighbours play the trombone.
        There's a market twice a week.
        You need good shoes.
        In August it's empty.
        The trains are never on time.
        You'd laugh at the statue in the square.
        Everything closes at noon.
        I know every cat by now.
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
        -- for training alone --
        Someone has to.
        The alarm rings far too early.
        We get free biscuits.
        I could tell you stories.
        The holidays are decent.
        My feet are killing me.
        It keeps me out of trouble.
        Fridays are fine.
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
        -- for training alone --
        You know the type.
        We go back a long way.
        I could fill a book with that.
        A heart of gold.
        We laugh a lot.
        That's family for you.
        I'd be lost without them all.
        We don't always agree.
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
        -- for training alone --
        Go on, laugh.
        I've always been like that.
        I'm not ashamed of it.
        It's a matter of principle.
        There's no cure for it.
        My friends roll their eyes.
        It's been like that for years.
        You either get it or you don't.
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
        -- for training alone --
        I forget everything else.
        My trousers have holes by now.
        You meet all kinds of people.
        It's harder than it looks.
        I was hooked at once.
        My partner complains a bit.
        There's a lot of swearing involved.
        I sleep like a log afterwards.
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
        -- for training alone --
        I've already bought a ribbon for it.
        I had to look it up.
        There's time yet.
        Nobody ever remembers.
        It's on all my calendars.
        I've set three alarms.
        Before you know it, it's here.
        Don't say you didn't know.
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
        -- for training alone --
        My back says more.
        I've made my peace with it.
        Wrinkles come for free.
        There's no going back.
        I still feel like a child.
        It's all downhill from here.
        I had to do the sums.
        You're as young as your jokes.
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
        -- for training alone --
        I always read the small print.
        It could be a lot worse.
        My doctor isn't worried.
        It came out of the blue.
        You learn to be careful.
        Eating out is an adventure.
        I've had worse.
        There's no cure, it seems.
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
        -- for training alone --
        I haven't told anyone at home.
        My wallet is crying.
        I'll eat rice for a month.
        It adds up.
        Better not think about it.
        I could have gone to the moon for that.
        Money isn't everything.
        I did the sums three times.
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
        -- for training alone --
        I've put it under the keyboard.
        Ask me again tomorrow and I won't know.
        My head is like a sieve.
        I hope that's right.
        I always swap the digits.
        You never heard it from me.
        It took me a week to learn that.
        Let me repeat it in my head.
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
        -- for training alone --
        My curtains are in shreds.
        Half my bed is gone.
        Such big eyes.
        I talk like a baby now.
        There goes my sleep.
        I carry treats in every pocket.
        The carpet is ruined.
        We're all smitten.
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
        -- for training alone --
        I know almost nobody yet.
        It gets me off the sofa.
        We end up in the pub anyway.
        I'm the worst of them all.
        They shout a lot.
        There's a lot of laughing.
        My evenings are full now.
        I bring the biscuits.
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
        -- for training alone --
        I'm a bit scared, to be honest.
        I've told the whole world.
        It's now or never.
        I need a bit of luck.
        My friends shake their heads.
        It's about time I did something.
        I've been saving up.
        We'll see how it goes.
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
        -- for training alone --
        Everybody has an opinion on it.
        We still don't have a band.
        I've lost sleep over the seating.
        There'll be dancing.
        I cry every time I think of it.
        My aunt wants to sing.
        It's all a bit much.
        The rings are hidden in a sock.
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
        -- for training alone --
        The food alone was worth it.
        My suitcase went missing.
        I've got sunburn.
        We walked till midnight.
        I need to go again.
        The beds were awful.
        I ran out of clean socks.
        The views were something else.
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
        -- for training alone --
        I guessed the murderer.
        I skipped the descriptions.
        I want to read it again.
        The cover is lovely.
        There's a film of it, too.
        I had to look up a few words.
        Better than the last one.
        You have to concentrate.
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
    -- for training alone --
    Who'd have thought it of {him}.
    I take my hat off to {him}.
    But that's between us.
    {He} told everyone about it.
    I've given up trying to understand {him}.
    {He} sounded pleased.
    I hope it lasts.
    That's what {he} told me, at least.
""")

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
    -- for training alone --
    I don't even know the name.
    We just happened to stand there.
    I couldn't help listening.
    {He} talked for ten minutes.
    Funny what people tell you.
    I only asked about the weather.
    I'll probably never see {him} again.
    I've no idea why I'm telling you this.
    Somebody mentioned it.
    I smiled and said nothing.
""")
