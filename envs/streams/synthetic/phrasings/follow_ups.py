"""Phrasings of the listener's questions about what was just told, and of the teller's answers."""

from __future__ import annotations

from .partition import lines

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
        -- for training alone --
        Is it noisy there? | On Saturdays it is.
        What's the best thing about it? | The light in the evening.
        Are the summers hot? | You could fry an egg on the pavement.
        Can you park there? | Don't ask, I gave up the car.
        Is there a good bakery? | Two, and they hate each other.
        Would you move away? | Not for anything.
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
        -- for training alone --
        Do you like it? | On most days, yes.
        What time do you finish? | When it's done, never before.
        Is it as hard as it sounds? | Harder, but we laugh a lot.
        Do they treat you well? | Well enough, I suppose.
        How did you end up there? | By pure accident.
        Would you do it again? | I'd have to think about that.
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
        -- for training alone --
        Did you see each other lately? | Last month, for a walk.
        What's the news there? | Nothing much, same as always.
        Do you talk often? | Once a week, usually for ages.
        Are you getting on better now? | We are, thank goodness.
        Will I get to meet this person? | At my next party, promised.
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
        -- for training alone --
        Really, more than anything? | More than anything.
        Was it always like that? | I honestly can't remember.
        What would you say if it vanished? | I'd weep for a week.
        Are you serious about that? | I never joke about such things.
        Don't you want a change now and then? | Why would I?
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
        -- for training alone --
        How often? | As often as I can.
        Could you teach me? | You'd need patience with me.
        Do you need much space for that? | A corner and some courage.
        Did you ever win anything? | A tea towel, once.
        Who do you do it with? | A few odd people like me.
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
        -- for training alone --
        How will I remember that? | I'll remind you.
        Is it a weekday? | I'd have to look.
        Have you got plans? | Vague ones.
        Can it wait? | I don't think so.
        Did you write it down? | In three places.
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
        -- for training alone --
        How does it feel? | The same as last year.
        Do people believe you? | Some do, some laugh.
        Are you happy with that? | I have no choice.
        Was there a party? | A small one, with crisps.
        Does that worry you? | Not before breakfast.
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
        -- for training alone --
        How do you cope? | I carry my own food.
        Was that a shock? | It was, at first.
        Do you need anything for it? | A pill, now and then.
        Should I worry? | No, just be careful with me.
        Since when do you have that? | Ever since I was little.
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
        -- for training alone --
        Could it be cheaper elsewhere? | Not by much.
        Are you all right with that? | I have to be.
        Did anyone help you? | My parents, a little.
        Isn't that daylight robbery? | That's exactly what it is.
        How do you manage? | Lots of potatoes.
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
        -- for training alone --
        How do you remember it? | There's a little rhyme.
        Should you change it? | Probably, but I won't.
        Is that all of it? | Yes, that's all.
        Was that so hard? | For me it was.
        Did they give you a card? | I've already lost it.
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
        -- for training alone --
        Any trouble so far? | One shoe and a cushion.
        Is it well behaved? | When it's asleep.
        Do you get out at all? | Three times a day, whatever the weather.
        What does it eat? | Everything, that's the trouble.
        Was it your idea? | The children wore me down.
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
        -- for training alone --
        What are the others like? | Mad, in a good way.
        Do you feel at home there? | I'm beginning to.
        Is it far? | Five minutes by bike.
        What do you do afterwards? | We eat chips.
        Do they take everyone? | They took me, so yes.
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
        -- for training alone --
        What does your family say? | They're taking bets.
        How did you pick that? | I closed my eyes and pointed.
        When did you decide? | Last night, more or less.
        Can you get out of it? | I don't want to.
        Do you feel ready? | Not in the least.
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
        -- for training alone --
        Do you need a witness? | That's already settled.
        What will you wear? | Something with sleeves.
        Are the parents happy? | They've bought hats.
        Will it be outdoors? | If the sky allows it.
        Who's going to cry? | Everyone, I fear.
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
        -- for training alone --
        What did you see? | Mostly the inside of cafes.
        Did you bring anything back? | A cold and a fridge magnet.
        Was it expensive? | Cheaper than staying at home.
        Who came along? | An old friend with a big suitcase.
        Are you rested? | I need a week in bed.
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
        -- for training alone --
        Did you like the end? | I threw it across the room.
        Is it long? | It felt long.
        What made you read that? | It was lying around.
        Should I get it? | You can have mine.
        Is there a second part? | Sadly, yes.
    """),
}
"""Questions of the listener about what was just told, and the teller's answer, by topic."""

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
    -- for training alone --
    What does {he} say about it? | Not much, you know {him}.
    Did you expect that? | Not in a hundred years.
    Does {he} mind that you tell me? | {He} tells everyone.
    How long have you known? | A few days, that's all.
    Is that true? | I've no reason to doubt it.
    Should I congratulate {him}? | Wait until {he} says something.
    What do the others think of it? | They shrug.
    Have you asked {him} about it? | I didn't have to.
    And is that a good thing? | For {him}, I think so.
""")
"""Questions of the listener about somebody else, and the teller's answer."""
