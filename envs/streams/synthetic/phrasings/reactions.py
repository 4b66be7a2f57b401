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
""")

CIRCLE_FOLLOW_UPS = lines("""
    Is {he} happy about it? | I think so, hard to tell with {him}.
    Do I know {him}? | You may have met in passing.
    How do you know that? | Word gets around.
    And what do you make of it? | It's none of my business, really.
    For how long? | Quite a while now, I believe.
    Really, {him}? | I couldn't believe it either.
    Did {he} tell you that? | At great length.
    How is {he} otherwise? | Much the same as ever.
    Who told you? | I was standing right next to {him}.
    And how did that come about? | A long and muddled story.
    Isn't that unusual? | For {him} it isn't.
    Wasn't it different before? | You may be mixing something up.
    Are you sure? | That's what I heard, anyway.
    You mean that nice quiet person? | Not so quiet once you get to talk.
    Good for {him}, isn't it? | I suppose it is.
    And {he} likes that? | So it seems.
""")
"""Questions of the listener about somebody else, and the teller's answer."""
