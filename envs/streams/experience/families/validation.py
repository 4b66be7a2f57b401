"""The families of validation streams."""

from __future__ import annotations

from .templates import Kind, template

TEMPLATES = (
    template(
        Kind.CRITERIA,
        "fabrics",
        "The fabric {0} is to be put on a rack",
        """
        its edge is {} | the edge is {}: hemmed, raw, pinked, knotted, bound
        its dye is from {} | it was dyed with {}: madder, woad, weld, walnut, kermes
        it is {} metres long | it measures {} metres: thirty, forty, fifty, sixty, seventy
        it feels {} | to the hand it is {}: crisp, silky, coarse, spongy, slippery
        """,
        "bishop, knight, pawn, queenside, rook",
    ),
    template(
        Kind.CRITERIA,
        "beetles",
        "Beetle {0} was caught and goes into a box",
        """
        its wings are {} | it has wings that are {}: metallic, spotted, velvety, transparent, dull
        its horns are {} | it has horns, and they are {}: forked, stubby, hooked, clubbed, straight
        it was sitting on a {} | it was found on a {}: thistle, nettle, fern, poppy, ivy
        it makes a {} sound | it gives off a {} sound: clicking, humming, hissing, scraping, chirping
        """,
        "delta, gamma, kappa, omega, sigma",
    ),
    template(
        Kind.CRITERIA,
        "bicycles",
        "The bicycle {0} stands in the yard and some mechanic has to take it",
        """
        its chain is {} | the chain is {}: greasy, slack, snapped, spotless, tangled
        its saddle is {} | the saddle is {}: sprung, padded, ripped, carbon, slanted
        its bell sounds {} | the bell on it sounds {}: shrill, hoarse, muffled, tinny, mellow
        it is used for {} | its rider needs it for {}: racing, shopping, commuting, touring, deliveries
        """,
        "Ansgar, Bertil, Cosima, Dorthe, Eskil",
    ),
    template(
        Kind.CRITERIA,
        "wines",
        "Wine {0} has to be stored on a level",
        """
        its cork is {} | the cork is {}: crumbly, plastic, branded, swollen, stubbled
        its hill faces {} | it grew on a slope towards the {}: north, south, east, west, river
        its merchant is {} | it was bought from a merchant who is {}: Greek, Danish, Polish, Irish, Swiss
        its colour is {} | in the glass it looks {}: ruby, straw, amber-like, rosy, inky
        """,
        "basalt, gneiss, marl, shale, tuff",
    ),
    template(
        Kind.PROCEDURES,
        "lifts",
        "Take the lift {0} back into service",
        """
        its cable is {} | the cable is {}: frayed, doubled, stretched, replaced
        the building is a {} | it is in a {}: hospital, tower, hotel, parliament
        its last check was {} | it was checked {}: yesterday, in spring, long ago, never
        the shaft is {} | the shaft is {}: flooded, narrow, tiled, unlit
        """,
        "lock {0}, grease, balance {0}, load, ride {0}, certify, ventilate, reset",
    ),
    template(
        Kind.PROCEDURES,
        "gliders",
        "Get the glider {0} off the ground",
        """
        the wind blows from the {} | there is wind from the {}: valley, coast, glacier, lake
        its pilot is {} | the one who flies it is {}: licensed, nervous, seventeen, returning
        the rope is {} | the rope is {}: nylon, short-cut, braided, icy-hard
        the field is {} | the field is {}: grassy, stony, sloping, ploughed
        """,
        "polish {0}, ballast, tow {0}, radio, trim-out {0}, strap, signal, taxi-out",
    ),
    template(
        Kind.PROCEDURES,
        "cheeses",
        "Ripen the cheese {0} in the cave",
        """
        its milk is from {} | it is made of milk from {}: goats, sheep, buffaloes, yaks
        its rind is {} | the rind is {}: washed, mouldy, thick, ashen
        the cave is {} | down there it is {}: humid, draughty, mild-aired, dusty
        it is sold at the {} | it is meant for the {}: market, airport, monastery, festival
        """,
        "salt {0}, turn {0}, pierce, wash {0}, wipe, press, coat, rotate",
    ),
    template(
        Kind.PROCEDURES,
        "telescopes",
        "Point the telescope {0} at the next target",
        """
        its dome is {} | the dome is {}: jammed, ajar, automatic, leaking
        the target is a {} | tonight it looks for a {}: nebula, moon, pulsar, satellite
        its mirror is {} | the main mirror is {}: misty, aluminised, scratched, segmented
        the observer is {} | the observer is {}: remote, sleepy, visiting, expert
        """,
        "park {0}, cool, focus {0}, guide {0}, calibrate, expose, slew, shield",
    ),
    template(
        Kind.TOOLS,
        "stage_tickets",
        "Get a ticket for {0} on the name of {1} with the theatre tool",
        """
        the show is {} | the show is said to be {}: sold-out, premiered, touring-now, disputed
        the seat is in the {} | the place is in the {}: balcony, stalls, gallery, box
        the buyer is {} | the buyer is {}: retired, a member, a critic, a minor
        it is picked up at the {} | they will fetch it at the {}: kiosk, entrance, library, pharmacy
        """,
        "admit, play, piece, holder, patron, print-at-home, refundable, wheelchair, matinee",
    ),
    template(
        Kind.TOOLS,
        "heating",
        "Heat the hall {0} for the club {1} with the boiler tool",
        """
        the boiler burns {} | the boiler is fed with {}: gas, pellets, peat, coal
        the windows are {} | the windows there are {}: leaded, insulated, shattered, barred
        the floor is of {} | there is a floor of {}: marble, cork, parquet, rubberoid
        the club is {} | as clubs go this one is {}: punctual, wealthy, founded recently, huge-sized
        """,
        "warm, space, area, client, billed_to, eco, boost, timer, descale",
    ),
    template(
        Kind.TOOLS,
        "surveys",
        "Ask {0} about the topic {1} with the survey tool",
        """
        the person is {} | the person asked is {}: bilingual, elderly, busyish, famous
        the answer may be {} | they may answer in a way that is {}: spoken, written, drawn, signed
        the study is paid by a {} | behind the study is a {}: foundation, ministry, brewer, bank
        the group asked is {} | the group as a whole is {}: random, matched, tiny-sized, weighted
        """,
        "poll, interviewee, respondent, theme, matter, anonymised, reminder, reward, panel",
    ),
    template(
        Kind.TOOLS,
        "taxis",
        "Send a taxi from {0} to {1} with the fleet tool",
        """
        the driver is {} | the driver is {}: new here, deafened, multilingual, on probation
        the traffic is {} | on the roads it is {}: jammed-up, flowing, diverted, calmish
        the rider has a {} | the rider has with them a {}: wheelchair-user, surfboard, cat, toddler
        it is paid by the {} | the bill goes to the {}: embassy, insurer, parish, employer
        """,
        "ride, pickup, origin, dropoff, target, pooled, luxury, flat-fare, child-seat",
    ),
    template(
        Kind.PREFERENCES,
        "breakfasts",
        "{0} comes down and is asked what there should be for breakfast",
        """
        the night was {} | the night has been {}: sleepless, short-lived, hot, peaceful
        the plan is to {} | later they are going to {}: swim, study, move house, celebrate
        the kitchen is {} | the kitchen looks {}: tidy, chaotic, cold-floored, renovated
        the radio plays {} | from the radio comes {}: jazz, news, opera, static
        """,
        "muesli, pancakes, porridge, toast, yoghurt",
    ),
    template(
        Kind.PREFERENCES,
        "sports",
        "{0} wants to do some sport today",
        """
        the knee is {} | the knee feels {}: sore, fine, bandaged, swollen-up
        the partner is {} | with them comes someone who is {}: competitive, clumsy, pregnant, shy
        the gym is {} | the gym is {}: overbooked, deserted, heated-up, locked
        the air is {} | the air is {}: foggy, pollen-laden, fresh-smelling, sultry
        """,
        "archery, badminton, climbing, rowing, skating",
    ),
    template(
        Kind.PREFERENCES,
        "evenings",
        "{0} plans the evening and asks for a proposal",
        """
        the children are {} | the children are {}: at camp, feverish, quarrelling, baking
        the wallet is {} | the wallet is {}: bulging, light-weight, stolen, average
        the mood is {} | their mood is {}: sombre, romantic, silly, curious
        the town is {} | in town it is {}: dead, packed-out, floodlit, on strike
        """,
        "aquarium, bowling, karaoke, planetarium, quiz",
    ),
    template(
        Kind.PREFERENCES,
        "holidays",
        "{0} looks for a place to spend the holidays",
        """
        the boss was {} | lately the boss was {}: generous-minded, furious, unavailable, replaced-by-another
        the car is {} | the car is {}: in repair, electric, overloaded, sold
        the friends are {} | their friends are {}: hiking, broke, expecting, undecided
        the season is {} | the time of year is {}: harvest, carnival, Lent, monsoon
        """,
        "archipelago, fjord, oasis, prairie, steppe",
    ),
)
