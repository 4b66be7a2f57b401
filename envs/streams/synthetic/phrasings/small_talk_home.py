"""Small talk about the weather, the household, the garden and oneself."""

from __future__ import annotations

from .partition import lines
from .small_talk import SmallTalkTopic

TOPICS = (
    SmallTalkTopic(  # weather
        openers=lines("""
            They promised sunshine for {day}, and what do we get? {weather} from morning till midnight.
            I hung out the washing at {clock} and by {clock2} there was {weather}, naturally.
            Have you looked outside? Nothing but {weather} over the rooftops.
            It's been {n} degrees since {day} and my fan has given up the ghost.
            I walked down {street} in {weather} without a hat, like an amateur.
            The forecast says {weather} again, somebody up there has a sense of humour.
            First {weather}, then a rainbow, then {weather} again, all between {clock} and lunch.
            I can't remember such {adjective} weather at this time of year.
            {someone} swears it'll be {weather} until the middle of {month}.
            My umbrella turned inside out in the middle of {street}, what a spectacle.
            It smells of autumn already, although the thermometer insists on {n} degrees.
            The cellar on {street} flooded after the {weather}, fire engines and all.
            -- for training alone --
            We've had {weather} for {n} hours without a break, the gutters are singing.
            I wanted to go out on {day}, but with that {weather} I stayed under the duvet.
            At {clock} the sky over {street} was green, and then came {weather}.
            {someone} took a chair outside in the middle of the {weather}, some people enjoy it.
            Nobody warned us of {weather}, I was wearing sandals.
            Who ordered this {weather}? It's {month}, for heaven's sake.
            My windows rattled until {clock2}, that's how {adjective} the wind was.
        """),
        more=lines("""
            The pavement looks like a skating rink.
            I've put a bucket under the skylight, just in case.
            My shoes are still stuffed with newspaper.
            Even the seagulls were walking.
            The whole balcony is covered in leaves and feathers.
            I had to wring out my socks in the lift.
            And of course I'd washed the windows the day before.
            The barometer in the hallway has been lying to us for weeks.
            -- for training alone --
            The cat from next door sits in our hall and refuses to leave.
            I can see my own breath in the corridor.
            There's a puddle in the cellar you could sail on.
            The tablecloth flew off and hasn't been seen since.
            I had sun cream in one hand and a scarf in the other.
        """),
        replies=lines("""
            Here it's {weather}, so don't complain.
            The radio said {n} degrees for {day}, let's wait and see.
            At least the {plant} is happy about it.
            I gave up on forecasts in {month}.
            It's exactly the same over here, I've lit candles.
            I don't mind it, I stay in with {food} and a blanket.
            Typical {month} weather, if you ask me.
            Tell me about it, I cycled along {street} in it.
            -- for training alone --
            With us it was {weather} and not a ray of sun.
            {someone} says it'll be worse in {month}.
            I like {weather}, it keeps the tourists away.
            We had the heating on until {month}, imagine.
            On {street} the trees are lying about like matches.
        """),
        returns=lines("""
            I'd move the seasons around if anybody asked me.
            Let's hope it clears up before {day}.
            I'll believe in spring when I see it.
            I've ordered rubber boots, the ugly kind, from {shop}.
            Well, the ducks on {street} are having a party.
            Let's talk about something drier.
            My grandmother would have blamed the moon.
            Soup weather, in other words.
            -- for training alone --
            The ice cream man on {street} must be in despair.
            I've taken the hammock down again.
            If it's like that on {day}, I'm staying in bed.
            At least nobody has to water anything.
            One gets used to everything, even to {weather}.
        """),
    ),
    SmallTalkTopic(  # cooking
        openers=lines("""
            I tried to make {food} on {day} and set off the smoke alarm.
            {shop} had {food} on offer, so I carried home far too much of it.
            The recipe said {n} minutes, but the oven has its own ideas.
            Somebody brought {adjective} {food} to the office party.
            I burnt the {food} because I was on the phone with {someone}.
            I found a jar of {food} at the back of the cupboard, from the previous decade.
            At {shop} they wanted a fortune for a handful of chanterelles.
            I had {food} for breakfast, lunch and supper, out of sheer laziness.
            The sourdough on my windowsill has developed a personality since {day}.
            {someone} has opened a stall for {food} near {street}.
            I followed a video about {food} and ended up with glue.
            The new bistro on {street} served us {adjective} {food} on a roof tile.
            -- for training alone --
            I peeled {n} potatoes on {day}, and then nobody came.
            There's a hole in my best saucepan, and the {food} is all over the stove.
            I let {someone} loose in my kitchen, and now there's {food} on the lamp.
            At {clock} I got hungry and invented a sandwich with {food}.
            The {food} looked so {adjective} that I took a picture of it.
            I've been trying to get rid of the smell of {food} since {day}.
            They sold me {food} at {shop} that was older than I am.
        """),
        more=lines("""
            The pan is soaking in the bathtub.
            There was cinnamon in it, inexplicably.
            The whole staircase smelled of garlic and regret.
            I scraped the ceiling with a spatula.
            We ordered noodles in the end.
            It looked nothing like the photograph.
            The cookbook fell into the sink, which felt like a comment.
            I used every bowl in the house.
            -- for training alone --
            The dough climbed out of the bowl and down the table.
            I mistook the salt for the sugar, twice.
            We ate it with closed eyes.
            The knife was so blunt that I used scissors.
            Even the dog of the caretaker walked away.
        """),
        replies=lines("""
            I'd add a spoonful of vinegar and pretend it was deliberate.
            My last {food} ended up in the compost.
            {someone} makes wonderful {food}, with nutmeg.
            Next time soak it for {n} minutes.
            You should try the {food} from {shop}.
            I haven't cooked since {month}, toast doesn't count.
            You could feed it to the {plant}.
            That happened to me with {food} on Easter {day}.
            -- for training alone --
            Put more butter in it, that helps with {food}.
            I burnt water once, on {day} if I remember correctly.
            I get mine ready-made from {shop}.
            {someone} would have asked for seconds.
            You can't go wrong with {food}, except that you did.
        """),
        returns=lines("""
            From now on it's sandwiches.
            I'll try again on {day}, with a fire extinguisher.
            The freezer is full until {month}.
            Everybody ate it, so it can't have been poisonous.
            I'll stick to {food} in future.
            I've got leftovers for {n} people, if you're hungry.
            Perhaps cooking is a state of mind.
            I blame the saucepan.
            -- for training alone --
            I've hung up my apron until {month}.
            We'll be eating it until {day}.
            The stove needs a rest, and so do I.
            I've passed the rest on to {someone}.
            Hunger is the best cook, they say.
        """),
    ),
    SmallTalkTopic(  # household
        openers=lines("""
            The {gadget} broke down on {day}, exactly one week after the guarantee ran out.
            I've been on hold with customer service for {n} minutes because of the {gadget}.
            There's a peculiar humming in the wall, it starts at {clock} every night.
            A technician came to look at the {gadget}, shrugged and left an invoice.
            I spent {day} evening under the sink with a torch between my teeth.
            The {gadget} now beeps every {n} minutes, nobody knows why.
            I ordered a spare part for the {gadget} and received {a_oddity}.
            Somebody left {a_oddity} in our stairwell, with a note for {someone}.
            The moths have got into the wardrobe, I hung up lavender from {shop}.
            {someone} upstairs is drilling again, always at {clock} sharp.
            The caretaker put up {a_adjective} notice about bicycles in the corridor.
            The manual of the {gadget} has {n} pages and not a single useful one.
            -- for training alone --
            On {day} I moved the cupboard and found {a_oddity} behind it.
            Our {gadget} makes a noise like {a_oddity} falling downstairs.
            I've read {n} reviews of the {gadget}, and they all contradict each other.
            At {clock} the lights went out, in the whole of {street}.
            I lent the ladder to {someone} in {month}, and there's still no sign of it.
            I cleaned the windows for {n} minutes, and now I see how dirty the curtains are.
            The new {gadget} from {shop} is so {adjective} that it wants to be greeted.
        """),
        more=lines("""
            I switched it off and on again, obviously.
            It now speaks Dutch and won't stop.
            There was a screw left over, which worries me.
            The plumber only takes cash and compliments.
            I've wrapped it in a towel so that we can sleep.
            The whole fuse box looks like spaghetti.
            I found three coins and a marble behind it.
            A spider the size of a saucer watched me throughout.
            -- for training alone --
            There's foam coming out of the drain.
            I've lost the little key that opens it.
            The fuse box sparked at me.
            I glued it, and now my fingers stick together.
            The man on the phone asked whether I'd tried shaking it.
        """),
        replies=lines("""
            Hit it from the left, that always works with ours.
            I'd ask {someone}, the whole street does.
            Our {gadget} died in {month}, we held a little ceremony.
            They sell refurbished ones at {shop}.
            You need a number {n} spanner and a lot of patience.
            Throw it out and live like in the Middle Ages.
            Have you tried reading the instructions?
            The {gadget} people never come before {clock}, whatever they promise.
            -- for training alone --
            Ours has a mind of its own, too, since {month}.
            I'd let {someone} have a look.
            Give it a day, they often recover by {day}.
            I wouldn't touch it, at {clock} least of all.
            We've managed without a {gadget} for {n} weeks.
        """),
        returns=lines("""
            I'll wait for a miracle, or for {day}.
            I've made friends with the hotline, at least.
            My patience expired in {month}.
            In the meantime I boil water like a pioneer.
            The next one will be purely mechanical.
            I'm told the spare part travels by ship.
            If it explodes you'll read about it.
            I could write a sitcom about that flat.
            -- for training alone --
            I'll sweep by hand, like our ancestors.
            The box it came in was more useful.
            If nothing happens by {day}, it goes out of the window.
            I've put a cloth over it and try to forget.
            Somewhere a technician is laughing.
        """),
    ),
    SmallTalkTopic(  # garden, animals in the street
        openers=lines("""
            My {plant} has lost every leaf since {day}, it's a tragedy.
            There's a fox on {street} that carries shoes away, {n} so far.
            I repotted the {plant} and found {a_oddity} in the soil.
            The magpies outside start their quarrel at {clock} on the dot.
            {someone} won a prize for {a_adjective} {plant} at the fair.
            I watered the {plant} with cold coffee, the internet says it helps.
            A squirrel stared at me through the window for {n} minutes.
            The hedge on {street} has been cut into the shape of {a_oddity}.
            Slugs have eaten the whole {plant} overnight.
            At {shop} they sell {adjective} seed potatoes, I got carried away.
            A hedgehog has moved in behind the bins.
            The gulls stole {food} right out of {someone}'s hand.
            -- for training alone --
            I planted {n} bulbs on {day}, and by the evening the birds had dug them up.
            My {plant} is leaning towards the door, as if it wanted to leave.
            {someone} waters the {plant} with a teaspoon, every morning at {clock}.
            There's something {adjective} growing between the stones of the terrace.
            A pigeon has built a nest in {a_oddity} on our balcony.
            I bought a {plant} at {shop}, and on {street} the wind took it.
            The mole has been here again, I counted {n} hills.
        """),
        more=lines("""
            I've tried eggshells, copper tape and stern words.
            It wobbled, sighed and collapsed.
            The compost heap is steaming like a volcano.
            I read it poems now, nothing else is left.
            The petals were all over the carpet.
            My fingernails will never be clean again.
            I put up a scarecrow, and now the postman is afraid.
            There must be an entire civilisation under that stone.
            -- for training alone --
            I talk to it, but it doesn't answer.
            The watering can has a crack as well.
            There were ants in every pocket of my jacket.
            A bee followed me into the bathroom.
            The earth smelled of wet dog.
        """),
        replies=lines("""
            Mine flowered in {month} and never again.
            Put it next to the {plant}, they like company.
            {someone} swears by nettle tea.
            I've only got plastic ones since the {plant} incident.
            Too much water, too little conversation.
            You could replace it with {a_oddity}, nobody would notice.
            Nature is {adjective}, I've always said so.
            I'd give it until {day} before you call the undertaker.
            -- for training alone --
            A bit of coffee in the soil, says {someone}.
            I gave my {plant} away in {month}, with relief.
            They die when you look at them, {adjective} things.
            Try again in {month}, when it's warmer.
            You could ask at {shop}, they have a powder for it.
        """),
        returns=lines("""
            I'll light a candle for it.
            Perhaps I should collect stones instead.
            Well, {month} is the month of hope.
            I'm keeping the pot, for sentimental reasons.
            The birds at least are grateful.
            On {day} I'll try again with gloves and a plan.
            I can hear it growing, I swear.
            It's them or me, and they have more legs.
            -- for training alone --
            I'll sow parsley on {day}, that always comes up.
            Concrete would be easier.
            The worms have won.
            I've named it after {someone}.
            I sat down and watched the clouds instead.
        """),
    ),
    SmallTalkTopic(  # sport and body
        openers=lines("""
            Did you catch the {sport} on {day}? I shouted myself hoarse.
            My {body} has been stiff since {day}, and I only bent down for a pencil.
            The {sport} went on until {clock}, with {n} interruptions.
            I overslept, woke at {clock}, and put on two different shoes.
            I couldn't sleep for the bass from {street}, it thumped until {clock}.
            {someone} fell off the podium at the {sport}, it's all over the newspapers.
            I dreamt that I had to conduct an orchestra with {a_oddity}.
            My {body} cracks like an old staircase whenever there's {weather}.
            They showed the {sport} on a big screen on {street}, with {adjective} commentary.
            I tried yoga from a video and got stuck {n} minutes in.
            I sneezed {n} times in the library, they asked me to leave.
            The referee in the {sport} must have left his glasses at {shop}.
            -- for training alone --
            I wanted to see the {sport} on {day} and the picture froze {n} times.
            I ran for the tram, and now my {body} feels like jelly.
            At the {sport} somebody threw {a_oddity} onto the field.
            I lay awake until {clock} and listened to my {body}.
            {someone} explained the rules of the {sport} to me for {n} minutes.
            My {body} made a noise on {street} and people turned round.
            They've moved the {sport} to {day} because of {weather}.
        """),
        more=lines("""
            I've rubbed in horse ointment, the whole room reeks.
            My neighbours banged on the radiator.
            The goalkeeper waved at a pigeon at the crucial moment.
            I lay there counting cracks in the ceiling.
            The commentator lost his voice before I did.
            Two pillows and a hot-water bottle made no difference.
            I limped to the pharmacy like a pirate.
            My alarm clock must have joined a trade union.
            -- for training alone --
            I've got a bruise in the shape of a boot.
            The whistle went off in the middle of the night.
            A frozen bag of peas did wonders.
            I yawned so much that I got a cramp.
            Nobody in the room understood what was going on.
        """),
        replies=lines("""
            I only saw the highlights, {adjective} stuff.
            Camomile tea and a dark room, that's what {someone} would say.
            I've had a sore {body} since {month} and I've stopped counting.
            I turned it off after {n} minutes, my nerves.
            They'll lose again on {day}, mark my words.
            Have you tried counting backwards from {n}00?
            My {body} predicts the weather better than the news.
            You need a proper pillow, {shop} has them.
            -- for training alone --
            I can't watch the {sport}, I get too excited.
            Go and see {someone}, those hands work miracles.
            I slept through it, until {clock} at least.
            Rub it with {food}, my grandfather did.
            We lost in {month} too, so what.
        """),
        returns=lines("""
            We aren't getting younger.
            I'll take it easy until {day}.
            Sport is best enjoyed horizontally.
            I've bet {n} cents on the underdog.
            Tonight I go to bed at {clock}, no discussion.
            It's character-building, I suppose.
            I'd make a terrible athlete.
            There's always the next season.
            -- for training alone --
            I'll sit on a cushion until {day}.
            From now on I'll take the lift.
            The winner got {a_oddity} and some flowers.
            My pulse is back to normal, more or less.
            It's the taking part that counts, they tell me.
        """),
    ),
    SmallTalkTopic(  # neighbours and parties
        openers=lines("""
            There was a party in our building until {clock2}, with {a_oddity} as guest of honour.
            {someone} threw a surprise party and the person concerned never turned up.
            The couple across the yard quarrelled about {a_oddity} for {n} minutes, windows open.
            I was invited to a raclette evening with {n} strangers and one {adjective} poodle.
            {someone} has started to yodel on the balcony, every {day}.
            I knocked over a glass of punch onto {someone}, and everybody clapped.
            The barbecue on {street} ended with {weather} and a collapsed pavilion.
            Somebody rang our bell at {clock} and asked for {a_adjective} cup of flour.
            I went to a costume party dressed as {a_oddity} and nobody else was in costume.
            We played charades at {someone}'s until the {gadget} caught fire.
            They're celebrating something on {street}, there are balloons and a tuba.
            Whoever lives above us has bought clogs, I counted {n} steps to the bathroom.
            -- for training alone --
            On {day} there were {n} people in our kitchen, and I knew two of them.
            {someone} moved the piano at {clock}, down four flights of stairs.
            There was a quarrel on {street} about a parking meter, better than any theatre.
            I was asked to hold a speech at {someone}'s and forgot every word.
            Somebody has put {a_oddity} on our doormat, with a ribbon.
            The people opposite have been celebrating since {day}, I could hear every song.
            We were {n} at the table and there were four forks.
        """),
        more=lines("""
            I hid in the kitchen with the potato salad.
            The confetti will be in my hair for weeks.
            At some point they were all singing sea shanties.
            I told the same joke three times, twice to the same person.
            A man did card tricks with coasters.
            Somebody had locked themselves in the bathroom with the cake.
            The police came, stayed, and danced.
            I left my umbrella there, and probably my dignity.
            -- for training alone --
            Someone sat on the quiche.
            I pretended to know all the verses.
            The balcony creaked like a ship.
            There was a man asleep in the coats.
            We ran out of glasses and drank from vases.
        """),
        replies=lines("""
            I'd have called {someone} straight away.
            You have to invite me next time, I'll bring {food}.
            That sounds like our staircase in {month}.
            Earplugs from {shop}, they changed my life.
            I haven't been out after {clock2} since {month}.
            What on earth did {someone} say?
            I'd have pretended to be asleep.
            They should move to {street}, nobody sleeps there anyway.
            -- for training alone --
            I heard it as far as {street}.
            {someone} always leaves before the washing-up.
            At ours it's quiet since {month}, knock on wood.
            I'd have joined them, at {clock2} of all times.
            Did they at least offer you {food}?
        """),
        returns=lines("""
            I sent flowers and a note.
            On {day} there's the sequel, apparently.
            I'm too old for punch.
            I've never been so happy to see my pillow.
            They've apologised with {food}, so all is forgiven.
            Next time I'll have a prior engagement.
            The stain will remind us of it for ever.
            Nobody remembers how it ended.
            -- for training alone --
            I've still got the tune in my ears.
            Somebody will have to clean the stairs on {day}.
            I took some {food} home in a napkin.
            We all shook hands in the end.
            I'd rather have read a magazine.
        """),
    ),
    SmallTalkTopic(  # clothes and hairdressers
        openers=lines("""
            I let a trainee cut my hair on {day}, I look like a {plant}.
            My favourite pullover came out of the wash at the size of a teapot.
            I wore my jumper inside out for the whole of {day}, even in front of {someone}.
            At {shop} they sell trousers with {n} pockets and not one is deep enough.
            I lost a button on {street} and spent {n} minutes on my knees.
            {someone} turned up in {a_adjective} tartan suit with a matching handkerchief.
            The zip of my boots surrendered on the stairs at {clock}.
            I tried on {n} hats at {shop} and scared a child with the last one.
            The dry cleaner lost my jacket and offered me {a_oddity} instead.
            My new shoes squeak, all of {street} hears me coming.
            I've found a pair of gloves from {month} in the vegetable drawer.
            Capes are coming back, if you believe {show}.
            -- for training alone --
            I bought a hat at {shop} on {day}, and at home it no longer fitted.
            My trousers split on {street}, at {clock}, in front of a school class.
            I ironed {n} shirts and burnt the last one.
            {someone} has the same coat as I do, we looked like twins.
            Somebody swapped my boots at the swimming baths, these are {adjective}.
            The sleeve came off when {someone} helped me out of my coat.
            My scarf got caught in the door of the {clock} tram.
        """),
        more=lines("""
            The mirror and I aren't on speaking terms.
            I sewed it up with dental floss.
            There's a photograph, but you'll never see it.
            I walked home with a scarf around my waist.
            The fringe has a mind of its own.
            They called the colour desert whisper.
            I've had to borrow a belt from the caretaker.
            It itches in places I didn't know I had.
            -- for training alone --
            One sock is missing, as ever.
            I held it together with a stapler.
            The stripes make me dizzy.
            It smells of someone else's perfume.
            The shop assistant looked at me with pity.
        """),
        replies=lines("""
            Hair grows back, by {month} nobody will know.
            {someone} has a sewing machine, just ask.
            I've worn the same coat since {month} and nobody's complained.
            Tell them it's {adjective} on purpose.
            You could start a fashion on {street}.
            I once wore two left shoes until {clock2}.
            They have decent socks at {shop}, in packs of {n}.
            I'd kill for a proper tailor.
            -- for training alone --
            You can dye it, I did that in {month}.
            At {shop} they'd have given you your money's worth.
            I saw {someone} in something similar, {adjective} as well.
            I cut my own fringe on {day}, so I know.
            A safety pin, that's all you need.
        """),
        returns=lines("""
            I'll wear a hat until {month}.
            The moths can have it.
            I'm told it makes me look {adjective}.
            On {day} I'll go and demand a refund.
            Fashion is for people with time.
            Nobody looked twice, so it must be normal.
            I've put it in the box for the theatre.
            From now on I dress in the dark, it's the same.
            -- for training alone --
            I'll give it to {someone} for the garden.
            In {month} nobody wears such things anyway.
            I look {adjective} in it, so that's that.
            The buttons I'll keep.
            Wool was a mistake.
        """),
    ),
    SmallTalkTopic(  # mornings, coffee, memory lapses
        openers=lines("""
            I poured orange juice into my coffee at {clock} and drank it out of spite.
            I put the keys into the fridge and the butter into my handbag.
            I went upstairs for something and stood there for {n} minutes.
            The cafe on {street} now serves coffee in {adjective} little buckets.
            I greeted a complete stranger as {someone} and we had quite a chat.
            I set the alarm for {clock} on {day}, with nothing to do.
            I've been humming the jingle of {shop} since {day}.
            I brushed my teeth with hand cream, it was that kind of morning.
            I looked for my glasses for {n} minutes, guess where they were.
            My horoscope says to beware of {a_oddity} until {month}.
            I counted {n} cups on my desk this morning, some with moss.
            I locked myself out at {clock} in slippers, with a bag of {food}.
            -- for training alone --
            At {clock} I stood at the door with the rubbish in one hand and the phone in the bin.
            I went to {shop} on {day} and came out without what I wanted.
            I told {someone} the same story {n} times, apparently.
            My tea went cold {n} times today, I keep forgetting it.
            I woke at {clock} and was convinced that it was {day}.
            I wrote myself a note, and now I can't read it.
            I waved at {a_oddity} on {street}, I thought it was {someone}.
        """),
        more=lines("""
            Nobody noticed, which is the sad part.
            I blame the full moon.
            The barista drew a question mark in the foam.
            I talked to myself, and I wasn't even listening.
            It took a locksmith, a ladder and a bribe.
            I've tied knots into all my handkerchiefs.
            I laughed until a lady moved to another table.
            There's a word for that, but I've forgotten it.
            -- for training alone --
            My slippers were in the oven.
            I had toothpaste on my sleeve all day.
            The toast landed on the wrong side.
            I said good morning to the mirror, politely.
            I put the milk away in the bookcase.
        """),
        replies=lines("""
            I once looked for a pencil for {n} minutes, it was behind my ear.
            You need a holiday from yourself.
            {someone} keeps a spare key under the {plant}.
            That happens to me every {day}.
            Strong tea, no sugar, and off to bed by {clock2}.
            You've been like that since {month}.
            My mother calls it the {adjective} hour.
            Write it all down, that's what {someone} does.
            -- for training alone --
            I once went to work on a {day} off.
            Drink something hot and sit down, that's what I do at {clock}.
            Ask {someone}, it's no better there.
            I tie a thread round my finger, and then I wonder why.
            You're just tired, wait until {month}.
        """),
        returns=lines("""
            I've bought a whistle for my keys from {shop}.
            It'll only get worse.
            On {day} I start a new life, with lists.
            I've decided to find it charming.
            What was I saying?
            At {clock2} I was finally awake.
            The coffee tasted interesting, I must say.
            One of these days I'll forget to get up.
            -- for training alone --
            Where did I put that cup, now?
            I'll blame it on {day}.
            By {clock2} I was myself again.
            It keeps life interesting.
            I've stuck a note on the door.
        """),
    ),
)
