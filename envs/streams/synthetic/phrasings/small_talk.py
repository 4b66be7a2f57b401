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
    """),
    "shop": words("""
        Hoffmann's, the Corner Basket, Lindqvist's, the Saturday market, Pereira Brothers, the discount
        place, Old Nick's, the garden centre, Maddox and Daughters, the flea market, Vogel's, the Turkish
        grocer, Basement Books, the kiosk, Farrow's, the cheese van
    """),
    "film": words("""
        Seven Umbrellas, The Lighthouse Inspector, Midnight in Aisle Nine, The Accountant's Parrot,
        Tundra, Nobody's Aunt, The Last Escalator, Marzipan Wars, Return to Platform Four, A Spoon for
        Mister Kline, The Weathermen, Gravel, The Understudy, Plankton, My Cousin the Duke, Thirteen Doors
    """),
    "gadget": words("""
        printer, router, boiler, toaster, washing machine, phone charger, doorbell, hoover, thermostat,
        kettle, microwave, smoke alarm, remote control, blender, headset, shower head
    """),
    "oddity": words("""
        rubber duck, concertina, garden gnome, velvet curtain, brass trumpet, suitcase of marbles, stuffed
        pheasant, unicycle, birdcage, bag of gravel, cuckoo clock, chandelier, surfboard, sack of turnips,
        mannequin, anvil
    """),
    "food": words("""
        leek tart, plum crumble, sardines on toast, rhubarb jam, barley broth, ginger biscuits, parsnip
        mash, pickled walnuts, buttermilk scones, marrow chutney, sauerkraut, treacle pudding, chestnut
        soup, radish salad, oat pancakes, quince jelly
    """),
    "weather": words("""
        drizzle, hail, fog, thunder, sleet, scorching heat, frost, stormy wind, black ice, dusty wind, low
        cloud, mist, heavy rain, humidity, bitter cold, blinding sunshine
    """),
    "plant": words("""
        hydrangea, tomato plant, rubber plant, ivy, basil, cactus, magnolia, rhododendron, orchid, fig
        tree, fern, jasmine, courgette, lavender, bonsai, rosemary
    """),
    "someone": words("""
        Mrs Abernathy, Mister Quill, young Pettersson, old Grabowski, Doctor Venn, Miss Oyelaran,
        Lady Kowalska, Inspector Brandt, Professor Lund, the man from number 9, Frau Zeller, Big
        Malcolm, Mr Tanaka, Sister Agatha, Monsieur Delacroix, Captain Moss
    """),
    "task": words("""
        quarterly report, stocktaking, budget sheet, fire drill, safety training, invoice mess, rebranding,
        slide deck, migration plan, team photo, audit, tender, newsletter, inventory, rota,
        customer survey
    """),
    "sport": words("""
        cup final, relay, penalty shoot-out, derby, marathon coverage, tennis semi-final, bicycle race,
        slalom, hockey play-off, snooker match, regatta, darts tournament, handball game, triathlon,
        cricket test, judo bout
    """),
    "body": words("neck, left knee, shoulder, ankle, lower back, elbow, big toe, wrist"),
    "adjective": words("""
        ghastly, splendid, peculiar, ridiculous, exquisite, dismal, hilarious, baffling, glorious,
        tedious, mediocre, sublime, chaotic, soggy, flamboyant, grotesque
    """),
    "show": words("""
        the antiques programme, that baking contest, the penguin documentary, the quiz with the buzzers,
        the detective series, the renovation show, the cooking duel, the news marathon, the talent show,
        the submarine drama, the archaeology special, the late-night debate
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
""")
"""Short words before a reply to small talk."""
