"""Small talk with nothing worth keeping, often longer and in rarer words than the facts around it.

A topic has openers, elaborations that the same speaker adds, replies of the other, and returns of the first.
The gaps `{thing}` are filled from `FILLERS`. Numbers, days, streets and names of strangers occur on purpose:
digits and capitals must not give the facts away.
"""

from __future__ import annotations

from dataclasses import dataclass

from .partition import lines, words


@dataclass(frozen=True, slots=True)
class SmallTalkTopic:
    """Phrasings of one topic; `openers` begin, `more` elaborates, `replies` and `returns` take turns."""

    openers: tuple[str, ...]
    more: tuple[str, ...]
    replies: tuple[str, ...]
    returns: tuple[str, ...]


FILLERS: dict[str, tuple[str, ...]] = {
    "day": words("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday"),
    "street": words("""
        Mill Lane, Station Road, Quayside, Chapel Street, Orchard Row, Gasworks Bridge, Tanner Square, Elm
        Avenue, Kingfisher Way, Foundry Street, the ring road, Vine Crescent, the old bypass, Lantern
        Alley, Dock Street, Birch Hill
        -- for training alone --
        Bakers' Row, Harbour Road, Windmill Street, the towpath, Coppersmith Lane, Linden Avenue,
        Bishop's Gate, the market square, Swan Passage, Abbey Road, Ropewalk, Castle Steps
    """),
    "shop": words("""
        Hoffmann's, the Corner Basket, Lindqvist's, the Saturday market, Pereira Brothers, the discount
        place, Old Nick's, the garden centre, Maddox and Daughters, the flea market, Vogel's, the Turkish
        grocer, Basement Books, the kiosk, Farrow's, the cheese van
        -- for training alone --
        Brennan's, the second-hand shop, Castellani's, the hardware store, the Blue Door, Ito and Sons,
        the fish market, the stationer's, Wilkins', the haberdashery, the Danish bakery, the junk shop
    """),
    "film": words("""
        Seven Umbrellas, The Lighthouse Inspector, Midnight in Aisle Nine, The Accountant's Parrot,
        Tundra, Nobody's Aunt, The Last Escalator, Marzipan Wars, Return to Platform Four, A Spoon for
        Mister Kline, The Weathermen, Gravel, The Understudy, Plankton, My Cousin the Duke, Thirteen Doors
        -- for training alone --
        The Baker's Alibi, Low Tide, Eleven Postcards, Uncle Vanishes, The Piano Movers, Moss, Ghost of
        a Chance, The Tunnel Keeper, Sunday in Nowhere, The Glove, Two Left Feet, Paper Moonlight
    """),
    "gadget": words("""
        printer, router, boiler, toaster, washing machine, phone charger, doorbell, hoover, thermostat,
        kettle, microwave, smoke alarm, remote control, blender, headset, shower head
        -- for training alone --
        coffee grinder, alarm clock, dryer, radio, photocopier, heater, intercom, electric fan, freezer,
        sewing kit, vacuum cleaner, iron
    """),
    "oddity": words("""
        rubber duck, concertina, garden gnome, velvet curtain, brass trumpet, suitcase of marbles, stuffed
        pheasant, unicycle, birdcage, bag of gravel, cuckoo clock, chandelier, surfboard, sack of turnips,
        mannequin, anvil
        -- for training alone --
        wooden leg, inflatable flamingo, tin whistle, globe without stand, pair of antlers, plaster
        bust, hat stand, wind chime, lobster pot, roll of carpet, ship's bell, rocking horse
    """),
    "food": words("""
        leek tart, plum crumble, sardines on toast, rhubarb jam, barley broth, ginger biscuits, parsnip
        mash, pickled walnuts, buttermilk scones, marrow chutney, sauerkraut, treacle pudding, chestnut
        soup, radish salad, oat pancakes, quince jelly
        -- for training alone --
        apple strudel, potato soup, cherry cake, pickled herring, semolina pudding, fennel gratin, rice
        pudding, cucumber sandwiches, liver sausage, nettle soup, cheese straws, plum dumplings
    """),
    "weather": words("""
        drizzle, hail, fog, thunder, sleet, scorching heat, frost, stormy wind, black ice, dusty wind, low
        cloud, mist, heavy rain, humidity, bitter cold, blinding sunshine
        -- for training alone --
        snow, blustery wind, thick fog, lightning, torrential rain, muggy air, ground frost, dry heat,
        freezing rain, black clouds, slush, icy wind
    """),
    "plant": words("""
        hydrangea, tomato plant, rubber plant, ivy, basil, cactus, magnolia, rhododendron, orchid, fig
        tree, fern, jasmine, courgette, lavender, bonsai, rosemary
        -- for training alone --
        geranium, sunflower, lemon tree, bamboo, palm, aloe, rose bush, begonia, mint, oleander,
        wisteria, chilli plant
    """),
    "someone": words("""
        Mrs Abernathy, Mister Quill, young Pettersson, old Grabowski, Doctor Venn, Miss Oyelaran,
        Lady Kowalska, Inspector Brandt, Professor Lund, the man from number 9, Frau Zeller, Big
        Malcolm, Mr Tanaka, Sister Agatha, Monsieur Delacroix, Captain Moss
        -- for training alone --
        Mrs Haddad, Mister Pym, young Okafor, old Lindgren, Doctor Marsh, Miss Petrova, Lady Ashdown,
        Sergeant Blum, Professor Iqbal, the woman from number 12, Herr Vogt, Little Sam
    """),
    "task": words("""
        quarterly report, stocktaking, budget sheet, fire drill, safety training, invoice mess, rebranding,
        slide deck, migration plan, team photo, audit, tender, newsletter, inventory, rota,
        customer survey
        -- for training alone --
        annual review, filing, travel expenses, staff survey, price list, training video, press release,
        website, seating plan, handover, tax return, logbook
    """),
    "sport": words("""
        cup final, relay, penalty shoot-out, derby, marathon coverage, tennis semi-final, bicycle race,
        slalom, hockey play-off, snooker match, regatta, darts tournament, handball game, triathlon,
        cricket test, judo bout
        -- for training alone --
        sprint, chess final, football match, swimming gala, ski jumping, rowing regatta, basketball
        game, steeplechase, gymnastics final, curling match, cycling tour, boxing match
    """),
    "body": words("neck, left knee, shoulder, ankle, lower back, elbow, big toe, wrist"),
    "adjective": words("""
        ghastly, splendid, peculiar, ridiculous, exquisite, dismal, hilarious, baffling, glorious,
        tedious, mediocre, sublime, chaotic, soggy, flamboyant, grotesque
        -- for training alone --
        dreadful, charming, weird, dull, fabulous, clumsy, gloomy, absurd, delightful, sticky, pompous,
        enormous
    """),
    "show": words("""
        the antiques programme, that baking contest, the penguin documentary, the quiz with the buzzers,
        the detective series, the renovation show, the cooking duel, the news marathon, the talent show,
        the submarine drama, the archaeology special, the late-night debate
        -- for training alone --
        the gardening hour, that dance contest, the whale documentary, the game show with the wheel, the
        hospital drama, the travel magazine, the cartoon with the mice, the wildlife film
    """),
}

ACKNOWLEDGEMENTS = lines("""
    Ha!
    Oh dear.
    Ugh.
    You poor thing.
    Really?
    I can picture it.
    Classic.
    Hm.
    Don't tell me.
    I believe you.
    Incredible.
    Of course.
    Oh, that.
    Well, well.
    That's life.
    Goodness.
    You're joking.
    I'm laughing already.
    What a day.
    Heavens.
    I know the feeling.
    Oh no.
    Right.
    That's a good one.
    Poor you.
    Priceless.
    I'm speechless.
    Honestly!
    There you go.
    Could be worse.
    What a scene.
    I'd have loved to see that.
    Same here.
    Only you.
    Wonderful.
    Tsk.
    Ouch.
    No comment.
    Story of my life.
    Unbelievable.
    -- for training alone --
    Oh my.
    Good grief.
    Sounds familiar.
    How awful.
    I'd have laughed.
    Not again.
    That's typical.
    I don't believe it.
    Nonsense!
    Ha ha.
    Too funny.
    Dear me.
    How odd.
    What a story.
    You too?
    My goodness.
    I can see it in front of me.
    That's so you.
""")
"""Short words before a reply to small talk."""
