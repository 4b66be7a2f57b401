"""Phrasings of the listener's reactions: to a topic, to a change, to bad news."""

from __future__ import annotations

from .partition import lines

REACTIONS = lines("""
    Oh, really?
    That's good to know.
    I had no idea!
    Ha, that fits.
    No way!
    Nice.
    Ah, I see.
    I'll remember that.
    Well, who'd have thought.
    Good, good.
    Interesting!
    First I've heard of it.
    Oh, lovely.
    Sounds about right.
    I like that.
    Huh, I'd have guessed something else.
    Fair enough.
    Wow, OK.
    That makes sense.
    Noted.
    Brilliant.
    Look at that.
    Is that so?
    I thought as much.
    Well I never.
    Righto.
    Now you mention it, I think I knew.
    Somebody told me, I think.
    How about that.
    For real?
    Very good.
    Mhm.
    You don't say.
    Haha, good one.
    I see, I see.
    That's a surprise.
    Oh yes?
    Goodness me.
    I'm impressed.
    Aha.
    Glad to hear it.
    That sounds like a story.
    Sure, why not.
    Right you are.
    Good old times.
    So I gather.
    That explains a few things.
    Oh, I didn't expect that.
    -- for training alone --
    Ah, good.
    You never told me that.
    I'd forgotten, if I ever knew.
    Now that's something.
    I can imagine.
    OK, OK.
    That's news to me.
    Funny, I thought so.
    Oh, I remember now.
    Well, well, well.
    Is it really?
    So that's how it is.
    I learn something every day.
    Good for you.
    Tell me more some time.
    Ah, of course.
    Yes, I think you said so once.
    Oh, come on.
    You do surprise me.
    Great.
""")

TOPIC_REACTIONS: dict[str, tuple[str, ...]] = {
    "place": lines("""
        I've never been, but I've seen pictures.
        Isn't it all hills there?
        I changed trains there once.
        They say the bread is excellent there.
        I'd love to see it one day.
        My parents had their honeymoon there.
        Nice part of the world.
        Far away, though.
        I know someone who swears by the place.
        Somebody must be able to afford it.
        I got lost there as a student.
        The winters must be long.
        -- for training alone --
        I had an aunt near there.
        Is that on a river?
        I've only seen the airport.
        That's quite a journey from here.
        The coffee must be good there.
        I drove through it once, at night.
        They have those lovely old trams.
        I'd get lost there in a minute.
    """),
    "work": lines("""
        Somebody has to do it.
        I couldn't do that for a day.
        Respect, honestly.
        That sounds like hard work.
        Well, it's a living.
        I hope they pay overtime.
        At least it isn't boring.
        I applied for something like that once.
        It beats my desk.
        You need nerves for that.
        I hope the canteen is good.
        Better than nothing these days.
        -- for training alone --
        That must be interesting.
        My cousin tried that and gave up.
        No wonder you're tired.
        I hope they appreciate you.
        People always need that.
        I'd fall asleep there.
        That's proper work.
        You must have stories to tell.
    """),
    "person": lines("""
        Oh yes, I remember, with the hat.
        Say hello from me.
        Ah, family and friends, what would we do without them.
        I'd love to meet up some time, all of us.
        We've met, I believe.
        That name rings a bell.
        You two are as thick as thieves.
        Lovely, give my regards.
        Oh, that voice, I remember it well.
        I can never keep your people apart.
        I'd like to hear that story in full.
        It's good to have someone like that.
        -- for training alone --
        I remember, we danced once.
        How nice, I must say hello one day.
        I think I saw a photo.
        Your people are always up to something.
        You're lucky to have each other.
        Ah, the famous one.
        I like everyone in your circle.
        Right, the one with the dog.
    """),
    "taste": lines("""
        To each their own.
        I can't say I share that.
        Good choice.
        Now I know what to get for Christmas.
        I'd never have guessed.
        We have that in common.
        There are worse things to like.
        Somehow that doesn't surprise me.
        I used to feel the same.
        Taste is a strange thing.
        I'll keep it in mind for your present.
        Me too, on some days.
        -- for training alone --
        I can't stand it, to be honest.
        Lucky for you it's easy to find.
        You have strange tastes.
        I could have guessed that.
        That's what I like about you.
        Well, somebody has to like it.
        I'd have said the same ten years ago.
        We should share that some day.
    """),
    "hobby": lines("""
        I'd break something on the first day.
        It's good to have something like that.
        I tried it once, I was hopeless.
        That keeps you young.
        I wish I had the patience.
        Good for the soul, they say.
        I need to find something like that.
        Isn't the gear expensive?
        Everyone seems to be doing it lately.
        I admire that, I only watch television.
        Better than staring at a phone.
        That takes dedication.
        -- for training alone --
        I'd be scared, frankly.
        How do you find the time?
        I get tired just hearing that.
        My brother-in-law does that as well.
        That sounds healthy.
        I'd love to watch you one day.
        It's never too late to begin.
        You and your projects.
    """),
    "date": lines("""
        I've put it in the calendar.
        That's coming up sooner than you think.
        How time flies.
        I'm hopeless with such things, but I'll try to remember.
        I'll tie a knot in my handkerchief.
        My memory for that is terrible, say it again some day.
        Oh, I might be away then.
        Let me write that on my hand.
        There's always something on around then.
        OK, I've made a note.
        I'll set a reminder.
        It's good to have that settled.
        -- for training alone --
        Let me get my diary.
        I'm busy that week, I think.
        Good that you say so.
        Isn't that a holiday?
        I'll put a cross on the calendar.
        It feels far away.
        Don't worry, I won't forget.
        Then I still have time.
    """),
    "age": lines("""
        You'd never think so.
        That's no age at all.
        We're all getting on.
        Well, one is as old as one feels.
        And so sprightly.
        My knees felt that from here.
        I'd have said ten years less.
        Don't remind me of my own age.
        A good age, I've heard.
        I remember it fondly.
        Time for a bigger cake, then.
        It's only a number.
        -- for training alone --
        That can't be right.
        Where does the time go?
        I'm not telling you mine.
        Some people get better with the years.
        Good genes.
        You make me feel ancient.
        I'd have guessed younger.
        Well, it happens to all of us.
    """),
    "health": lines("""
        Ouch, that sounds nasty.
        I'm glad I asked.
        My aunt has the same.
        That must be a nuisance.
        I'll check the labels then.
        Better to know than not.
        That's getting more common, I read.
        Oh dear, that rules out a lot.
        I'll be careful then.
        It could be worse, I suppose.
        Doctors can't do much about it, can they?
        Poor thing.
        -- for training alone --
        I'll tell the cook.
        That doesn't sound like fun.
        Thanks for the warning.
        Is it dangerous?
        I had something similar as a child.
        I'll keep that away from the table.
        Oh, that's awkward.
        Take care, won't you.
    """),
    "money": lines("""
        Prices these days!
        That's more than I'd have thought.
        Honestly, that's not so bad.
        I should look around too.
        You can't take it with you.
        I'd have haggled.
        I paid twice as much for mine.
        Money well spent, I hope.
        That would ruin me.
        Don't tell my husband.
        It all adds up.
        You get what you pay for.
        -- for training alone --
        That's a fair bit.
        I'd think twice about that.
        It used to be half of that.
        I really must start saving.
        Cheaper than I feared.
        My wallet hurts for you.
        Who can pay that?
        Well, you only live once.
    """),
    "number": lines("""
        I'll never remember that.
        Got it, I've written it down.
        That's a nice number.
        Wait, let me find a pen. OK.
        I'll save it in my phone.
        Easy enough.
        You shouldn't say that out loud.
        I'm bad with numbers, but fine.
        Right, it's on the back of my hand.
        They could have picked an easier one.
        OK, in case you forget it, I've got it.
        Why are they always so long?
        -- for training alone --
        Say that again, slowly.
        I'd never keep that in my head.
        OK, stored.
        Sounds like a lottery ticket.
        I hope you've written it down.
        That's easy, I can remember that.
        My own is even worse.
        I'll forget it by tonight.
    """),
    "pet": lines("""
        Aww!
        I want to see pictures.
        Oh, how sweet.
        I'm more of a fish person.
        That's adorable.
        Good luck with the carpet.
        I can hear the noise in the background.
        Give it a scratch behind the ears from me.
        That's what I call a name.
        My sofa wouldn't survive that.
        You've always wanted one.
        Does it bite?
        -- for training alone --
        I must come and cuddle.
        Your poor furniture.
        I'm allergic to everything with fur, nearly.
        That's the sweetest thing.
        I had one of those as a child.
        Who'll look after it when you're away?
        I bet the house is upside down.
        Does it like strangers?
    """),
    "club": lines("""
        Good for you, you needed that.
        Sounds like fun.
        I should get out more, too.
        They've been in the newspaper, I believe.
        Finally something that isn't work.
        I was in something like that at school.
        I couldn't commit to it.
        Nice, new people.
        Somebody mentioned them to me.
        That's a good bunch, I've heard.
        And no politics, I hope.
        I'd come along if I were braver.
        -- for training alone --
        You'll make friends there.
        I saw a poster of theirs.
        That's brave.
        I'd rather stay on the sofa.
        At least it gets you out.
        They sound like a lively lot.
        Do they have cake?
        I used to be in one, long ago.
    """),
    "plan": lines("""
        I'm so jealous.
        Good plan!
        I wish I could join in.
        You've earned it.
        Oh, that'll be great.
        Brave of you.
        About time, too.
        You'll have to tell me everything.
        I admire people with plans.
        I hope it works out.
        Well, that's something to look forward to.
        High time for a change of scene.
        -- for training alone --
        Can I hide in your luggage?
        That'll do you good.
        I'd need a year to decide on that.
        Good luck with it.
        You never sit still.
        I want to hear all about it afterwards.
        Sounds exciting.
        I'm proud of you.
    """),
    "wedding": lines("""
        Congratulations!
        I'll cry, I warn you.
        I need a new suit then.
        How wonderful.
        Oh, I'm so happy for you two.
        I hope there's dancing.
        At last!
        I'll be there, whatever happens.
        I love weddings.
        Your mother must be over the moon.
        I've got a hat for that.
        You two are made for each other.
        -- for training alone --
        I must find something to wear.
        I've got goosebumps.
        It was about time.
        Champagne!
        I'm counting the days already.
        What a lovely thing to hear.
        I'll start on the speech.
        Hooray for you both!
    """),
    "travel": lines("""
        I can see it's done you good.
        You're always on the road.
        Lucky you.
        I stayed on the sofa.
        I hope you brought me something.
        That's what weekends are for.
        And I thought you were ill.
        Two days are never enough.
        I'd love a change of air, too.
        So that's why you didn't pick up.
        You must be exhausted.
        I've been meaning to go for years.
        -- for training alone --
        You look tanned, too.
        I haven't left town in months.
        Next time take me along.
        I bet it was crowded.
        Was that only a weekend?
        You get around.
        I'm green with envy.
        I'd have stayed longer.
    """),
    "book": lines("""
        I've had that on my list for ages.
        I only read recipes these days.
        Lend it to me when you're done.
        Is that the one with the blue cover?
        You read faster than I can buy.
        I gave up on it, to be honest.
        I saw it in a shop window.
        Everybody on the tram is reading that.
        I should read more.
        No spoilers, please.
        I fell asleep on page four.
        My reading pile is taller than me.
        -- for training alone --
        My sister gave up after ten pages.
        I might borrow that.
        I never have the time.
        They're making a series of it.
        Don't tell me how it ends.
        I prefer short ones.
        I've read worse.
        It's on my bedside table, untouched.
    """),
}
"""Reactions to any fact of the topic, about anyone, without a word of its value."""

UPDATE_REACTIONS = lines("""
    Oh, that's a change!
    When did that happen?
    Good that you told me.
    Things move fast with you.
    I'm always the last to hear.
    All right, I'll forget what you said before.
    Then I had it wrong, thanks.
    You're full of news today.
    OK, got it now.
    What a turn of events.
    Ah, so it's different now.
    I need a notebook to keep up.
    Right, I'll cross out the old one.
    No problem, I hadn't written it down yet.
    I was about to ask about that.
    Now I'm confused, but fine.
    Thanks for telling me.
    Fine, so that's the latest.
    One can hardly keep up.
    I'll make a new note, then.
    Never stand still, eh?
    Oh, good to know, I'd have told everyone the wrong thing.
    All change, then.
    OK, forgotten and replaced.
    -- for training alone --
    Wait, since when?
    I can't keep track of you.
    So what I knew is out of date.
    OK, new information.
    You change your life every week.
    I'll have to tell the others.
    Oh, so not like before.
    Thanks, I'd have got that wrong.
    Life goes on, I see.
    That was quick.
    Let me cross that out, then.
    Right, that's new.
    Good, I'd heard something else.
    So the old story no longer counts.
""")

SAD_REACTIONS = lines("""
    Oh no, I'm sorry.
    What a pity.
    Oh dear, what happened?
    That's a shame, really.
    Ah, these things happen.
    I'm sorry to hear that.
    Maybe it's for the best.
    Too bad, but I understand.
    Oh, that's sad.
    Well, it was worth a try.
    Chin up, it'll be all right.
    OK, I won't mention it again.
    Oh, and I was so sure it would work.
    That's life, I suppose.
    Never mind, something else will come along.
    Such a shame.
    I was afraid of that.
    Don't worry about it.
    Well, then that's that.
    And after all that trouble.
    -- for training alone --
    That must hurt.
    Oh, poor you.
    I'd been looking forward to hearing more.
    Give it time.
    You'll find something better.
    Some things aren't meant to be.
    I don't know what to say.
    Let's not talk about it, then.
    That's hard luck.
    Ah, and you were so pleased.
    Oh well, tomorrow's another day.
    Do you want to talk about it?
""")
