"""Words of names, in English: titles, short forms of first names, and names that are also words."""

from __future__ import annotations

from functools import lru_cache


def words(text: str) -> frozenset[str]:
    """Return the blank-separated words of `text`."""
    return frozenset(text.split())


TITLES = {
    word: words.split()[0]
    for words in (
        "dr doctor",
        "mr mister",
        "mrs missus missis",
        "ms miss",
        "mx",
        "prof professor",
        "sir",
        "dame",
        "lord",
        "lady",
        "madam madame",
        "rev reverend",
        "father",
        "mother",
        "sister",
        "brother",
        "uncle",
        "aunt auntie",
        "grandma granny grandmother",
        "grandpa grandad grandfather",
        "coach",
        "captain capt",
        "sergeant sgt",
        "officer",
        "judge",
        "nurse",
        "king",
        "queen",
        "prince",
        "princess",
        "senator",
        "president",
        "chef",
        "frau",
        "herr",
        "señor senor",
        "señora senora",
        "monsieur",
    )
    for word in words.split()
}
"""Titles, each with the form under which it is compared."""

FORMAL_TITLES = words("dr mr mrs ms mx prof herr frau")
"""Those that stand in front of last names."""

PARTICLES = words("""
    de la del las los da das do dos di du le van von der den dem ter ten bin ibn bint al el zu zur
""")
SUFFIXES = words("jr sr ii iii iv phd md esq junior senior")
GENERIC = words("""
    user speaker person human agent assistant bot participant guest customer client caller member player
    student patient interviewer interviewee host system
""")
"""Words of a name that tell nobody apart."""

ORDINARY = words("""
    an and are art as at be bell belle bill brook can case chase chip christian cliff dale dawn day dean do
    dot drew earl ever faith frank gene glen grace grant guy harry has he hope how hunter in iris is ivy jack
    jade jay joy kit lance lex lily long ma man mark mason max may me mercy miles misty my nick norm nova
    olive on or pat patience pearl penny pip poppy queen rain ray rich river rob robin rocky rod rose ruby
    rusty sage sandy see she sky so sonny star storm sue summer sunny to trip van victor victory violet wade
    ward was we will willow win woody wren you young april june august autumn amber daisy hazel heather holly
    laurel melody
""")
"""Words that name somebody only where a capital within the sentence says so."""

NO_NAMES = words("""
    i i'm i've i'd i'll what when where who whom whose which why how is are was were am be do does did has
    have had can could will would shall should may might must the a an my your his her its our their this
    that these those it he she we they you and but so or if in on at for from with of to by about as than then
    now not no yes yeah ok okay oh hi hey hello dear thanks thank wow well congrats congratulations sorry
    please tell ask january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday christmas easter
""")
"""Words whose capital makes them no part of the name beside them."""

NO_FIRST_LETTERS = words("jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun")
"""Short for months and days, not for Janet or Monica."""

_SHORT_FORMS = """
abigail abby gail
albert al bert bertie
alexander alexandra alex al lex sandy sasha xander
alfred al alf alfie fred
andrew andy drew
anthony tony ant
barbara barb barbie babs
benjamin ben benny benji
catherine katherine kathryn katharine kate katie kathy cathy kat kitty kit
charles charlie chuck chaz
charlotte charlie lottie
christina christine kristina chris chrissy tina
christopher chris kit topher
cynthia cindy
daniel dan danny
danielle dani
david dave davy
deborah debra deb debbie
donald don donny
dorothy dot dottie dolly
edward edwin ed eddie ned ted teddy
eleanor ellie nell nora
elizabeth elisabeth liz lizzie beth betty betsy eliza elsie libby lisa
emily emma em emmy
eugene gene
frances francis fran frank frankie
francisco paco pancho
frederick fred freddie
gabriel gabriela gabrielle gabe gabby
gerald jerry gerry
gregory greg
guadalupe lupe
harold harry hal
henry harry hank hal
isabel isabella isabelle bella izzy belle
jacob jake
jacqueline jackie
james jim jimmy jamie
jeffrey geoffrey jeff geoff
jennifer jen jenny
jessica jess jessie
joanna joanne jo
john jack johnny jon
jonathan jon johnny nathan
jose pepe
joseph joe joey
josephine jo josie
joshua josh
judith judy
kenneth ken kenny
kimberly kim
lawrence laurence larry
leonard len lenny leo
louis lou louie
margaret maggie meg peggy marge greta rita daisy
maria mary mia molly polly
martin marty
matthew matt matty
maximilian max
megan meg
melanie mel
melissa mel lissa
michael mike mick mikey micky
michelle shelly
mohammed muhammad mohamed mo
nathaniel nathan nate nat
natalie natalia nat
nicholas nicolas nick nicky
nicole nicky
olivia liv livvy
oliver ollie
pamela pam
patricia pat patty trish tricia
patrick pat paddy rick
peter pete
philip phillip phil pip
rachel rach
raymond ray
rebecca becky becca bec
richard rick ricky rich dick
robert rob robbie bob bobby bert
roberta bobbie
ronald ron ronnie
rosemary rose rosie
russell russ
samuel samantha sam sammy
sarah sara sally
sebastian seb
sophia sophie soph
stephanie steph
stephen steven steve stevie
susan suzanne susanna sue susie suzy
theodore theo ted teddy
theresa teresa terry tess tessa
thomas tom tommy
timothy tim timmy
tobias toby
valerie val
victor vic
victoria vicky tori
vincent vince vinny
virginia ginny
walter walt wally
william will bill billy willy liam
zachary zach zack
"""
"""First names of one person in a line: those in full, then short forms."""


@lru_cache(1)
def short_forms() -> dict[str, frozenset[int]]:
    """Return the numbers of the lines of short forms, by first name."""
    lines: dict[str, set[int]] = {}
    for number, line in enumerate(_SHORT_FORMS.strip().splitlines()):
        for name in line.split():
            lines.setdefault(name, set()).add(number)
    return {name: frozenset(numbers) for name, numbers in lines.items()}
