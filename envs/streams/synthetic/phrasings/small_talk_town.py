"""Small talk about traffic, the office, shops, screens and public life."""

from __future__ import annotations

from .partition import lines
from .small_talk import SmallTalkTopic

TOPICS = (
    SmallTalkTopic(  # traffic
        openers=lines("""
            The tram stood still near {street} for {n} minutes, and nobody told us why.
            There's been a detour past {street} since {day}, it's a catastrophe.
            I missed the {clock} by a whisker and stood on the platform with {a_adjective} busker.
            Somebody took {a_oddity} on the underground this morning, in the rush hour.
            They've dug up {street} again, the third time since {month}.
            I needed {n} minutes for what is usually a ten-minute ride.
            The bus driver got out at {street} to buy himself a sandwich, I'm not joking.
            My bicycle had a puncture right outside {shop}.
            The {clock} train was cancelled due to {weather}, supposedly.
            I shared a taxi with {someone} and heard a complete life story.
            A lorry full of {food} tipped over on {street}, you can imagine the smell.
            Rush hour on {street} has become a gladiatorial contest.
            -- for training alone --
            I waited {n} minutes for the bus, and then three came at once.
            At {clock} somebody pulled the emergency brake near {street}, for {a_oddity}.
            The ticket machine swallowed my coins and gave me {n} leaflets.
            I got on the wrong tram on {day} and saw parts of town I never knew.
            {someone} parked across two spaces outside {shop}, as usual.
            There was {weather} on the track, and so we all walked.
            A goose crossed {street}, and the traffic stood still for {n} minutes.
        """),
        more=lines("""
            The loudspeaker only crackled, like a frying pan.
            In the end half the carriage was sharing biscuits.
            I could have crocheted a blanket in that time.
            A schoolboy explained the entire signalling system to me.
            I arrived soaked, breathless and with one glove.
            And they've raised the fare on top of it.
            Somebody behind me hummed the whole way.
            The conductor apologised in three languages.
            -- for training alone --
            The seats were wet, nobody knew why.
            The doors opened and closed like a mouth.
            Somebody read aloud from a cookery book.
            We were told to get off and on again.
            I stood on one leg most of the way.
        """),
        replies=lines("""
            On {street} it's no better, believe me.
            You should take the {clock}, that one's usually half empty.
            I've gone over to walking, {n} minutes and no surprises.
            That line has been cursed since {month}.
            {someone} wrote a letter to the council about it.
            Somebody ought to write a novel about public transport.
            I once spent {n} minutes in a tunnel with a brass band.
            They say it'll be repaired by {month}, ha.
            -- for training alone --
            I've been stuck there as well, in {month}.
            Take the bike, if your {body} lets you.
            The {clock} is always late, you can set your watch by it.
            {someone} gave up and bought a scooter.
            There's a shortcut behind {shop}, by the way.
        """),
        returns=lines("""
            I'll buy a horse, I swear.
            Next time I'll bring a folding chair and a thermos.
            On {day} I'll try the ferry instead.
            My boss thinks I invent these stories.
            And tomorrow the whole circus begins again.
            I've stopped looking at timetables, they're fiction.
            At least I got through half a crossword.
            One day we'll laugh about it, perhaps in {month}.
            -- for training alone --
            By the time I arrived it was {clock2}.
            I've kept the ticket as a souvenir.
            On {day} they go on strike, to top it all.
            Walking is healthy, I keep telling myself.
            I know every poster at that stop.
        """),
    ),
    SmallTalkTopic(  # office
        openers=lines("""
            The {task} was due on {day} and nobody had even opened the file.
            We had a meeting about meetings, {n} minutes, no result.
            {someone} from the third floor has declared war over the {gadget}.
            They want the {task} in {a_adjective} new template, all {n} pages of it.
            Somebody microwaved {food} at {clock} and we had to evacuate the corridor.
            I spent the whole of {day} on the {task} and then the file was corrupted.
            There's a consultant walking around with a stopwatch since {day}.
            Our {gadget} has a sticky note on it that says only {someone} may touch it.
            The new open-plan area is {adjective}, you hear every stapler.
            I've got {n} unread messages, and most of them are about the {task}.
            They've renamed all departments again, I now sit in Horizontal Enablement.
            The lift got stuck between floors with {someone} and a trolley of {food}.
            -- for training alone --
            My chair at work has lost a wheel, I've been going in circles since {day}.
            The {gadget} at the office caught fire during the {task}.
            {someone} sent the {task} to the whole firm, with all the remarks.
            We were locked out at {clock}, because nobody had the code.
            There are {n} of us now in a room for six.
            Somebody keeps eating the {food} I leave in the kitchen at work.
            The boss wants the {task} by {day}, in {a_adjective} font.
        """),
        more=lines("""
            Human resources sent a questionnaire about it.
            I nodded so much that my glasses slid off.
            The spreadsheet has tabs nobody dares to open.
            My colleague drew elephants on the whiteboard.
            There was a motivational poster with an eagle.
            We ended up voting by throwing paper balls.
            The intern was the only one with a sensible idea.
            I've seen better organised kindergartens.
            -- for training alone --
            We all pretended to type.
            The air conditioning hums in B flat.
            I hid a biscuit behind the folders.
            There are flip charts in the lavatory now.
            Somebody yawned, and then everybody did.
        """),
        replies=lines("""
            Don't get me started, we have the {task} next week.
            Can't {someone} take that off your hands?
            We once had {n} people on a call and nobody was in charge.
            I'd hide behind the {plant} until it's over.
            Sounds like our {task} in {month}.
            I'd have gone home at {clock}, frankly.
            Where do they find these people?
            {a_adjective} idea, that must have cost a fortune.
            -- for training alone --
            With us it's the {task} that never ends.
            {someone} would have slept through it.
            I'd say yes to everything and do it in {month}.
            We had {n} bosses in one year, I lost count.
            Is there at least {food} in the meetings?
        """),
        returns=lines("""
            I'm counting the days until {month}.
            Well, the biscuits were decent.
            I've started keeping a diary of it for my memoirs.
            On {day} it all starts over.
            And the best part is that nobody will ever read it.
            I smiled politely and thought of the seaside.
            I've hidden my good pens, just in case.
            They can all come and find me in the archive.
            -- for training alone --
            I wrote my name on everything, in red.
            By {clock} I'd lost the will to argue.
            It'll all be different in {month}, they promise.
            I've drawn {a_oddity} on my notepad.
            I closed the door and counted to ten.
        """),
    ),
    SmallTalkTopic(  # films
        openers=lines("""
            We saw {film} at the cinema on {street}, and half the audience fell asleep.
            Have you seen {film} yet? Two and a half hours of {adjective} scenery.
            I watched {show} until {clock} in the morning.
            Everyone raves about {film}, but I found it {adjective}.
            I fell asleep during {show} and woke up with the credits of something else.
            {someone} spoiled the ending of {film} for the whole staircase.
            They've made a sequel to {film}, apparently with {n} explosions.
            There was a power cut in the middle of {show}.
            I can't get the tune from {film} out of my head.
            {show} has got a new presenter with {a_adjective} moustache.
            The projector broke during {film}, so the manager told us the plot.
            I've watched {n} episodes of {show} since {day}.
            -- for training alone --
            We turned on {show} at {clock2} and it was the same one as last week.
            I lost my way at the cinema and sat in {film} by mistake.
            {someone} has seen {film} {n} times and cries every time.
            In {show} they've found {a_oddity}, I nearly fell off the sofa.
            There's a new season of {show}, {adjective} from start to finish.
            I wanted to see {film} on {day}, but the sound was in another language.
            I met a man on {street} who played a corpse in {film}.
        """),
        more=lines("""
            The villain wore a cardigan.
            I cheered when the iceberg finally turned up.
            The popcorn was the best part, and it was stale.
            The dialogue must have been written by a committee.
            There was a dog in it that acted better than everyone else.
            The couple in front of us commented on every single scene.
            The subtitles were in Finnish for some reason.
            I held a cushion in front of my face for an hour.
            -- for training alone --
            The hero sneezed in the love scene.
            I knew how it would end after five minutes.
            Somebody's phone rang the entire time.
            The music was louder than the words.
            I had to explain the plot to everyone.
        """),
        replies=lines("""
            I walked out of {film} after {n} minutes.
            {film} was better, if you ask me.
            I only watch {show} nowadays.
            My attention span ended in {month}.
            I thought it was {adjective}, honestly.
            {someone} lent me the disc, I never opened it.
            Was that the one with the submarine and the nun?
            I'd rather watch paint dry on {street}.
            -- for training alone --
            They should have stopped before {film}.
            I only know it from {someone}, who never stops talking of it.
            {show} puts me to sleep by {clock2}.
            I lasted {n} minutes, then I did the ironing.
            I've heard it's {adjective}, but I trust nobody.
        """),
        returns=lines("""
            Well, tastes differ.
            On {day} they show {film}, we could go.
            I'm giving it {n} out of 100.
            I should read more instead.
            And they wonder why cinemas are closing.
            At least the seats were comfortable.
            There's talk of a musical version.
            I want those hours back.
            -- for training alone --
            I'll wait till it's on television in {month}.
            The cushion was the best thing about it.
            Next time {someone} picks the film.
            I dreamt of it on {day}, badly.
            They don't make them like they used to.
        """),
    ),
    SmallTalkTopic(  # shopping and oddities
        openers=lines("""
            At {shop} I stood in the queue for {n} minutes behind somebody with {a_oddity}.
            I went out for milk and came back with {a_oddity}, don't ask.
            {shop} is closing in {month}, everything must go.
            They've rearranged the shelves at {shop}, I wandered about like Odysseus.
            The self-checkout at {shop} accused me of stealing {food}.
            I returned a pullover on {day}, and the assistant sniffed at it.
            Somebody on {street} is giving away {a_oddity}, collection only.
            The sales have begun, and {shop} looks like a battlefield.
            I saw {someone} haggling over {a_oddity} at the flea market.
            The parcel was left with {someone}, who then went on holiday.
            I waited at home from {clock} to {clock2} for a delivery that never came.
            My receipt from {shop} was longer than the scarf I bought.
            -- for training alone --
            I only wanted a light bulb, and {shop} sold me {a_oddity}.
            At {shop} the till broke down at {clock}, and we all had to wait.
            They gave me {n} cents too much at {shop}, so I went back.
            {someone} stood in front of me with {n} tins of {food}.
            There's a sale on {street}, I've been pushed and kissed by strangers.
            I carried {a_oddity} home from {shop}, through {weather}.
            On {day} I ordered one spoon and they delivered {n}.
        """),
        more=lines("""
            The wrapping alone filled two dustbins.
            I pretended to study the small print.
            A toddler was conducting an invisible orchestra beside me.
            They offered me a loyalty card with a picture of a walrus.
            The zip broke before I reached the exit.
            The voucher had expired the evening before.
            Everybody was pushing, and somebody sang.
            I got a free balloon as compensation.
            -- for training alone --
            The trolley pulled to the left all the way.
            The bag tore right at the crossing.
            There was a man who argued about a lemon.
            I'd left my list on the bus.
            The lady at the till knew me by my coat.
        """),
        replies=lines("""
            I only go there at {clock}, when it's deserted.
            You should have asked for {someone}, the manageress.
            {a_oddity} is always a sound investment.
            I haven't set foot in {shop} since {month}.
            They did the same to me with {n} light bulbs.
            Order online and argue with a robot instead.
            Did you keep the receipt, at any rate?
            On {day} you'd have had the place to yourself.
            -- for training alone --
            {shop} isn't what it was in {month}.
            I got {a_oddity} there as well, don't laugh.
            Go on {day}, early, before they're all up.
            {someone} buys everything twice.
            They'd sell you {weather} if they could.
        """),
        returns=lines("""
            Next time I'll write a list, and follow it.
            I'll give it away at Christmas.
            Consumerism, the {adjective} kind.
            My cupboard can't take any more of this.
            I shall never queue again, I'm too old for it.
            It's standing in the hallway, looking at me.
            Nobody can say I don't support local trade.
            I've complained in writing, {n} lines, very polite.
            -- for training alone --
            I'll hang it in the hall, face to the wall.
            I hid the receipt from myself.
            By {month} I'll have found a use for it.
            I don't need anything else, ever.
            It was reduced, what could I do?
        """),
    ),
    SmallTalkTopic(  # bureaucracy and news
        openers=lines("""
            I drew number {n} at the town hall and they were at number 4.
            There's a petition going round about the fountain on {street}.
            The council wants to paint all benches {a_adjective} shade by {month}.
            {someone} was in the newspaper with a giant pumpkin.
            They found {a_oddity} while digging on {street}, archaeologists and all.
            I filled in form {n}B three times because the ink was not black enough.
            The library fined me for a book that I returned in {month}.
            Some artist has wrapped the clock tower on {street} in foil.
            There was a documentary crew outside {shop} on {day}.
            The tax office wrote to me about {n} cents.
            They've introduced a new bin, the {adjective} one, collection every other {day}.
            {someone} is running for mayor with a manifesto about {food}.
            -- for training alone --
            They want to rename {street}, there have been {n} proposals.
            I had to sign {n} times at the town hall, in two colours.
            On {day} they cut a ribbon on {street}, and the scissors were blunt.
            {someone} wrote a letter to the editor about {food}.
            I got a fine for {a_oddity} on the pavement.
            The office closes at {clock}, and I was there a minute later.
            They've put {a_adjective} sculpture in front of {shop}, it whistles.
        """),
        more=lines("""
            The clerk stamped everything twice and sighed.
            There was a waiting room with a single magazine from the nineties.
            The whole neighbourhood is debating it with torches and pitchforks.
            I had to prove that I exist, which took a while.
            The pen was chained to the counter.
            They played panpipes through the loudspeaker.
            An official told me to come back with a different face.
            The local paper devoted a double page to it.
            -- for training alone --
            I had the wrong kind of photograph, with a smile.
            The ballpoint gave up at my signature.
            There was an echo in that hall like in a church.
            They sent me from one door to the next.
            The stamp was upside down.
        """),
        replies=lines("""
            I signed that too, for the sake of peace.
            It took me {n} weeks to get a stamp in {month}.
            You have to go at {clock}, when they're in a good mood.
            {someone} knows somebody there.
            I read about it, {adjective} business.
            And that's what we pay taxes for.
            In {month} they'll have forgotten all about it.
            They should put it on {street}, next to the {oddity}.
            -- for training alone --
            They lost my file in {month}.
            I'd complain, but to whom?
            {someone} waited {n} weeks for an answer.
            You need a form for the form, I know.
            It was in the paper on {day}, with a picture.
        """),
        returns=lines("""
            Democracy is tiring.
            I'll go back on {day} with sandwiches.
            I've framed the letter.
            Somebody must be earning money with this.
            I'd laugh if I weren't so hungry.
            Kafka would have taken notes.
            They gave me a leaflet of {n} pages, at least it's recycled.
            Well, it keeps people busy.
            -- for training alone --
            I'll apply again in {month}, with more patience.
            The queue is my second home.
            At least the clerk wished me a nice {day}.
            I bowed and walked out.
            Somebody must have invented it for fun.
        """),
    ),
    SmallTalkTopic(  # phones and computers
        openers=lines("""
            My phone has updated itself and now everything is {adjective} and rounded.
            I typed the wrong password {n} times and now I don't exist any more.
            The {gadget} wants me to accept {n} pages of conditions.
            I joined a video call by mistake and waved at {n} accountants.
            Autocorrect turned my apology into something about {a_oddity}.
            I left my phone at {shop} and felt {adjective} and free for {n} minutes.
            Somebody by the name of {someone} wants to give me a fortune by e-mail.
            The navigation sent me down {street} into a pond, almost.
            I get adverts for {a_oddity} since I spoke about it once, aloud.
            My screen has a crack in the shape of a {plant}.
            The group chat about the barbecue has {n} unread messages, mostly thumbs.
            I asked the chatbot about my {gadget} and it wrote {a_adjective} sonnet.
            -- for training alone --
            At {clock} my phone told me that I'd walked {n} steps, I'd been in bed.
            My screen went black on {day}, in the middle of a sentence.
            I talked to a machine for {n} minutes, and it called me {someone}.
            I wanted to print one page, and the {gadget} printed {n}.
            Somebody sent me a picture of {a_oddity}, without a word.
            I've forgotten the name of my first teacher, so the computer locked me out.
            The {gadget} only works if {someone} stands next to it.
        """),
        more=lines("""
            The little wheel just keeps spinning.
            I've covered the camera with a plaster.
            I miss telephones with a cord.
            There's a button for everything except for what I want.
            It asked me to pick out all pictures with traffic lights.
            My thumbs are too big for this century.
            A pleasant voice said that my call was important.
            I restarted it with a paper clip.
            -- for training alone --
            The battery dies when I look at it.
            It plays a little tune when it fails.
            I pressed every key there is.
            My picture froze with an open mouth.
            The cable is too short by a finger.
        """),
        replies=lines("""
            I still have a phone with keys, bought at {shop}.
            Ask {someone}, apparently a genius with such things.
            I've had the same password since {month}, don't tell anyone.
            Mine has been dead since {day}, it's bliss.
            You need to hold it over rice, or rice over it.
            I'd throw it off {street} into the water.
            It took me {n} minutes to find the off switch.
            They'll have chips in our {body} next.
            -- for training alone --
            Mine does that on {day}, regularly.
            Turn it upside down, {someone} swears by that.
            I bought a new one at {shop}, it's no better.
            I've been offline since {month}, it's lovely.
            Write to them, they answer within {n} days.
        """),
        returns=lines("""
            I'm going back to postcards.
            Technology, the {adjective} kind.
            On {day} I'll take it to the repair cafe.
            I've written a letter, by hand, with a stamp.
            The cloud is just somebody else's cellar.
            My grandmother would have used a hammer.
            At least the torch still works.
            In {month} it'll be obsolete anyway.
            -- for training alone --
            I'll use pencils from now on.
            It's in the drawer now, to think about what it did.
            Until {day} nobody can reach me, good.
            My nephew's generation is born with it.
            I've wrapped it in foil.
        """),
    ),
    SmallTalkTopic(  # concerts, museums, public events
        openers=lines("""
            We stood in a queue of {n} people for {a_adjective} exhibition of doorknobs.
            There was an open-air concert on {street}, and then {weather}.
            The guide at the museum spoke about {a_oddity} for {n} minutes.
            At the fair I won {a_oddity} by throwing rings.
            {someone} gave a lecture on moss, and I stayed till the end.
            The fireworks started at {clock2} and the dog next door hid in our bath.
            They've opened a museum for the {gadget}, of all things, on {street}.
            The parade went past for {n} minutes, half of it was tractors.
            I fell asleep at the theatre and applauded in the wrong place.
            There's a statue of {someone} on {street} now, made of cheese graters.
            The magician at the {month} market sawed through {a_oddity}.
            I took part in a pub quiz, the {n} questions were all about {food}.
            -- for training alone --
            On {day} I went to see {n} paintings of the same cow.
            There was a brass band on {street} at {clock}, in full uniform.
            {someone} got me a ticket for the circus, second row, next to {a_oddity}.
            The lecture was about {food} and lasted until {clock2}.
            In the museum I set off the alarm with my {body}.
            They played outdoors in spite of the {weather}, the violins were dripping.
            I got lost in a maze at the fair, for {n} minutes.
        """),
        more=lines("""
            My favourite piece turned out to be the fire extinguisher.
            The cloakroom ticket is still in my shoe.
            A choir of plumbers sang in the interval.
            I understood every third word.
            The gift shop was bigger than the collection.
            A guard followed me from room to room.
            There was free sparkling wine, which explains the crowd.
            The loudspeaker howled like a wolf.
            -- for training alone --
            A child asked all the questions I wanted to ask.
            I clapped after the wrong movement.
            The singer forgot the words and hummed.
            There was a rope in front of the only bench.
            I had a pillar in front of me all evening.
        """),
        replies=lines("""
            {someone} dragged me there too, {adjective} evening.
            I only go for the cake in the cafe.
            Culture is wasted on me since {month}.
            They had that on {street} years ago, with elephants.
            I saw the poster outside {shop}.
            I'd have left after {n} minutes.
            Is that the thing with the trapeze?
            Entry is free on the first {day} of the month.
            -- for training alone --
            I went there in {month}, and my {body} still hurts.
            {someone} snored through the second half, I hear.
            There's a discount on {day}, if you come before {clock}.
            I'd rather look at {a_oddity}.
            They say it's {adjective}, but the soup is good.
        """),
        returns=lines("""
            I bought a postcard and a rubber.
            It broadens the mind, they say.
            Next {day} there's a matinee, I'll pass.
            I've had enough art until {month}.
            At least it was warm inside.
            My feet have filed a complaint.
            I clapped so that it would end.
            One should do such things more often, or never.
            -- for training alone --
            I dozed off, I admit it.
            I bought the catalogue, all {n} pages.
            Now I can say that I was there.
            In {month} there's another one, with puppets.
            The best thing was the fresh air afterwards.
        """),
    ),
)
