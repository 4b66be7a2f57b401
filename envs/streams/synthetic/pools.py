"""Names and values from which facts are made; `partition.share` deals every pool out to the splits."""

from __future__ import annotations

import calendar
from functools import cache

from ..calendar import WEEKDAYS
from .phrasings.partition import share, words

FEMALE_NAMES = words("""
    Ana, Beatriz, Clara, Daphne, Elif, Farah, Greta, Hanna, Ines, Jasmin, Katja, Leonie, Mirela, Nadia,
    Olga, Paula, Rosalind, Sabine, Tamara, Ursula, Vera, Wanda, Yasmin, Zelda, Adele, Bronwyn, Carmen,
    Delia, Esther, Fiona, Gloria, Helga, Irene, Judith, Kirsten, Lorena, Maren, Noemi, Orla, Petra,
    Ramona, Selma, Thandi, Una, Valeria, Wilma, Yvonne, Zuzana, Agnes, Bettina, Chiara, Dorothea, Edith,
    Frida, Gemma, Hilde, Ivana, Johanna, Kamila, Ludmila, Marta, Nora, Oksana, Pilar, Renata, Svenja,
    Tilda, Undine, Viola, Winifred, Ylva, Zora, Amara, Birgit, Celeste, Dagmar, Elvira, Flora, Giulia,
    Henrike, Isolde, Jolanda, Klara, Lucinda, Mabel, Nilufer
""")

MALE_NAMES = words("""
    Adrian, Bruno, Casper, Dario, Emil, Felipe, Gunnar, Hugo, Igor, Joris, Kaspar, Lorenz, Mateo, Nils,
    Oskar, Pavel, Quentin, Rafael, Stefan, Tobias, Umberto, Viktor, Wendell, Yusuf, Zoltan, Anton, Boris,
    Cedric, Dominik, Enzo, Florian, Gideon, Harald, Ivo, Jakob, Konrad, Leander, Milan, Nestor, Otto,
    Piotr, Ruben, Sergio, Timur, Ulrich, Vincent, Walter, Yannick, Zeno, Arvid, Bastian, Claudio, Dimitri,
    Erik, Fabio, Gregor, Henning, Ilya, Jonas, Kilian, Lukas, Marek, Nikolai, Orlando, Philipp, Rolf,
    Silas, Thilo, Urban, Valentin, Wolfgang, Yorick, Albin, Bertram, Cornelius, Desmond, Edgar, Fritz,
    Goran, Hakan, Ingmar, Julius, Kofi, Linus, Moritz, Noel
""")

CITIES = words("""
    Porto, Ghent, Bergen, Krakow, Leeds, Turin, Graz, Malmo, Seville, Utrecht, Basel, Tampere, Aarhus,
    Lyon, Bilbao, Leipzig, Galway, Trieste, Brno, Tartu, Granada, Cardiff, Nantes, Riga, Bologna,
    Innsbruck, Gdansk, Antwerp, Dundee, Valencia, Freiburg, Split, Salzburg, Odense, Coimbra, Maastricht,
    Verona, Zagreb, Stavanger, Toulouse, Bremen, Kaunas, Cork, Pisa, Lausanne, Girona, Rostock, Plovdiv,
    Linz, Uppsala, Braga, Rotterdam, Genoa, Ljubljana, Bristol, Marseille, Dresden, Cluj, Turku, Siena,
    Lucerne, Cadiz, Mainz, Wroclaw, Inverness, Rennes, Palermo, Varna, Hamburg, Oulu, Vigo, Haarlem,
    Parma, Tallinn, Norwich, Grenoble, Kassel, Debrecen, Trondheim, Cordoba, Ravenna, Lviv, Bonn, Swansea,
    Montpellier, Halle, Szeged, Vilnius, Alicante, Padua, Ulm, Limerick, Kyoto, Halifax, Quebec, Austin,
    Busan, Hobart, Medellin, Oaxaca
""")

JOBS = words("""
    nurse, beekeeper, tram driver, surgeon, carpenter, tax adviser, florist, paramedic, translator,
    plumber, optician, baker, geologist, piano tuner, lawyer, bookbinder, electrician, vet, chemist,
    librarian, welder, surveyor, midwife, gardener, pharmacist, stage designer, software tester,
    locksmith, physiotherapist, barber, archivist, ski instructor, bus mechanic, speech therapist, roofer,
    sound engineer, judge, cheesemaker, social worker, cartographer, goldsmith, air traffic controller,
    school inspector, tailor, marine biologist, estate agent, pastry chef, crane operator, radio
    presenter, biology teacher, forester, bank clerk, upholsterer, illustrator, watchmaker, flight
    attendant, museum guide, fire inspector, lab technician, copywriter
""")

COMPANY_PREFIXES = words("""
    Bright, Nord, Silver, Oak, Blue, Hollow, Ember, Cloud, Marsh, Falcon, Lime, Raven, Copper, Juniper,
    Storm, Amber, Quarry, Willow, Cinder, Heron, Flint, Maple, Salt, Orchid
""")
COMPANY_SUFFIXES = words("stone, wind, works, field, bridge, line, point, gate")

DISHES = words("""
    lasagne, pumpkin risotto, pierogi, lentil soup, ramen, moussaka, fish tacos, goulash, paella,
    dumplings, mushroom stroganoff, falafel, shepherd's pie, gnocchi, pad thai, ratatouille, biryani,
    onion tart, bibimbap, potato pancakes, okra stew, cheese fondue, shakshuka, pea soup, baked aubergine,
    empanadas, chicken korma, beetroot salad, clam chowder, spinach pie, cauliflower curry, seafood
    linguine, black bean chilli, schnitzel, tomato bread, miso salmon, roast duck, stuffed peppers, udon,
    cabbage rolls
""")

COLOURS = words("""
    turquoise, mustard yellow, dark green, lilac, crimson, navy blue, apricot, burgundy, mint green,
    ochre, silver grey, coral, indigo, olive, bright orange, charcoal, teal, ivory, plum, rust red, sky
    blue, lemon yellow, magenta, sand
""")

GENRES = words("""
    jazz, bluegrass, techno, fado, baroque music, reggae, flamenco, heavy metal, bossa nova, soul, folk
    ballads, drum and bass, opera, swing, hip hop, klezmer, blues, disco, ska, choral music, punk, ambient
    music, tango, gospel
""")

HOBBIES = words("""
    bouldering, pottery, birdwatching, fencing, chess, open-water swimming, embroidery, archery, trail
    running, model railways, badminton, calligraphy, salsa dancing, rowing, woodturning, stargazing, table
    tennis, geocaching, origami, kayaking, quilting, judo, mushroom picking, film photography, juggling,
    orienteering, crosswords, beachcombing, figure skating, home brewing, darts, cross-country skiing,
    ballroom dancing, kite flying, stamp collecting, volleyball, sketching, scuba diving, yoga, metal
    detecting
""")

INSTRUMENTS = words("""
    cello, accordion, trumpet, banjo, clarinet, harp, saxophone, oboe, mandolin, drums, violin, bassoon,
    ukulele, flute, viola, double bass, trombone, bagpipes, organ, recorder, tuba, zither, harmonica, bass
    guitar
""")

ALLERGENS = words("""
    peanuts, shellfish, birch pollen, penicillin, walnuts, strawberries, latex, kiwi, soy, celery, bee
    stings, cat hair, sesame, hazelnuts, mustard, dust mites, lupin, grass pollen, cashews, gluten, egg
    white, aspirin, ragweed, wool
""")

PET_NAMES = words("""
    Miso, Biscuit, Pixel, Truffle, Nacho, Pepper, Waffle, Mochi, Ziggy, Olive, Pickle, Domino, Cosmo,
    Tofu, Button, Marble, Rocket, Noodle, Pumpkin, Bandit, Cricket, Fudge, Yoda, Pebble, Saffron, Turnip,
    Widget, Bramble, Clover, Dumpling, Gizmo, Hazel, Jigsaw, Kumquat, Lentil, Muffin, Nutmeg, Otter,
    Paprika, Radish
""")
PET_KINDS = words("""
    cat, parrot, rabbit, tortoise, dog, hamster, kitten, pony, puppy, guinea pig, goat, gecko
""")

ITEMS = words("""
    cargo bike, espresso machine, sewing machine, tent, road bike, dishwasher, telescope, sofa, laptop,
    wardrobe, camera, winter coat, kayak, desk, fridge, record player, mattress, bookcase, stroller,
    snowboard, e-reader, lawnmower, guitar amp, rug, electric scooter, standing lamp, tumble dryer,
    projector, rowing machine, hi-fi, greenhouse, dining table
""")
CODE_THINGS = words("""
    locker, parking space, gym membership, hotel room, post box, storage unit, library card, bike lock,
    garage, alarm, flat, ski pass
""")

COURSES = words("""
    Portuguese, welding, sign language, beekeeping, first aid, Korean, bookkeeping, Greek, fly fishing,
    Danish, baking sourdough, Arabic, screenwriting, furniture restoration, Czech, sailing, Swahili, wine
    tasting, silversmithing, Icelandic, drone flying, Turkish, life drawing, Catalan, web design, Finnish,
    stone carving, glass blowing, Hindi, mountaineering, Welsh, improv theatre
""")
CLUB_KINDS = words("""
    choir, running club, book club, chess club, theatre group, hiking group, swimming club, quiz team,
    cycling club, knitting circle, volleyball team, photo club
""")
CLUB_FIRST = words("""
    Harbour, Midnight, Crooked, Velvet, Coral Island, Wobbly, Northern, Paper, Iron, Lantern, Mossy,
    Gilded, Windmill, Tin, Wandering, Cobbled
""")
CLUB_SECOND = words("Hares, Larks, Owls, Foxes, Badgers, Comets, Otters, Magpies")

DAY_PARTS = ("mornings", "evenings", "afternoons", "nights")

TITLE_FIRST = words("""
    Salt, Winter, Glass, Paper, Copper, Silent, Burning, Lost, Velvet, Hidden, Seventh, Broken, Distant,
    Hollow, Crimson, Drowned
""")
TITLE_SECOND = words("""
    Orchard, Lighthouse, Cartographer, River, Inheritance, Staircase, Garden, Letters, Harvest, Kingdom
""")

APPOINTMENTS = words("""
    dentist, eye doctor, driving test, job interview, knee surgery, notary, allergy test, language exam,
    boiler inspection, physio, blood test, car inspection
""")

SMALL_NUMBERS = words("""
    zero, one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen,
    fourteen, fifteen, sixteen, seventeen, eighteen, nineteen
""")
_TENS = words("twenty, thirty, forty, fifty, sixty, seventy, eighty, ninety")


def number_word(number: int) -> str:
    """English words for 0 to 99."""
    if number < len(SMALL_NUMBERS):
        return SMALL_NUMBERS[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f"-{SMALL_NUMBERS[ones]}" if ones else "")


def _combine(first: tuple[str, ...], second: tuple[str, ...], form: str) -> tuple[str, ...]:
    # Dealt out by the first part alone: two splits then never share the telling word of a name.
    return tuple(form.format(a, b) for a in first for b in second)


_PLAIN = {
    "city": CITIES,
    "job": JOBS,
    "dish": DISHES,
    "colour": COLOURS,
    "genre": GENRES,
    "hobby": HOBBIES,
    "instrument": INSTRUMENTS,
    "allergen": ALLERGENS,
    "pet_name": PET_NAMES,
    "pet_kind": PET_KINDS,
    "item": ITEMS,
    "code_thing": CODE_THINGS,
    "course": COURSES,
    "club_kind": CLUB_KINDS,
    "appointment": APPOINTMENTS,
    "female_name": FEMALE_NAMES,
    "male_name": MALE_NAMES,
    "club_time": tuple(f"{day} {part}" for part in DAY_PARTS for day in WEEKDAYS),
    "age": tuple(str(age) for age in range(19, 80)),
    # The last digits keep prices, rents and codes apart: a number then never belongs to two splits.
    "price": tuple(str(price) for price in range(85, 2400, 10)),
    "rent": tuple(str(rent) for rent in range(380, 1900, 10)),
    "code": tuple(str(code) for code in range(1013, 9990, 14) if code % 10 != 5),
    "date": tuple(
        f"{month:02d}-{day:02d}"
        for month in range(1, 13)
        for day in range(1, calendar.monthrange(2023, month)[1] + 1)
    ),
}

POOL_NAMES = (*_PLAIN, "company", "club_name", "title")


@cache
def values(pool: str, split: str) -> tuple[str, ...]:
    """The values of `pool` that belong to `split`; dates are "MM-DD".

    Raises:
        KeyError: If there is no such pool.
    """
    if pool == "company":
        return _combine(share(COMPANY_PREFIXES, split), COMPANY_SUFFIXES, "{}{}")
    if pool == "club_name":
        return _combine(share(CLUB_FIRST, split), CLUB_SECOND, "{} {}")
    if pool == "title":
        return _combine(share(TITLE_FIRST, split), TITLE_SECOND, "The {} {}")
    return share(_PLAIN[pool], split)
