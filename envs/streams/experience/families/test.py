"""The families of test streams."""

from __future__ import annotations

from .templates import Kind, template

TEMPLATES = (
    template(
        Kind.CRITERIA,
        "minerals",
        "The mineral {0} was handed in and belongs in a cabinet",
        """
        its streak is {} | rubbed on a plate it is {}: chalky, bluish, sooty-black, reddish, pale
        it breaks like {} | when it breaks it does so like {}: glass, bark, sugar, bone, chocolate
        it was mined in a {} | it was taken out of a {}: tunnel, crater, riverbed, cave-in, cliff
        its lustre is {} | it has a lustre that is {}: pearly, resinous, earthen, oily, brilliant
        """,
        "Athena, Ceres, Hestia, Juno, Vesta",
    ),
    template(
        Kind.CRITERIA,
        "violins",
        "The violin {0} came for repair and needs a bench",
        """
        its varnish is {} | the varnish is {}: flaking, golden, sticky, blackened, thinned
        its scroll is {} | the scroll is {}: carved, chipped, plain, lion-headed, pegged
        its strings are of {} | there are strings of {}: gut, steel, perlon, tungsten, aluminium
        its player is a {} | it is played by a {}: soloist, beginner, fiddler, professor, busker
        it was in a {} for years | for years it lay in a {}: chest, vault, pawnshop, nursery, trench
        """,
        "acorn, chestnut, hazel, pecan, pistachio",
    ),
    template(
        Kind.CRITERIA,
        "boats",
        "Boat {0} asks for a berth",
        """
        its hull was built in {} | the hull is from {}: Norway, Malta, Chile, Japan, Turkey
        its flag is {} | it flies a flag that is {}: chequered, triangular, tattered, fringed, plain-white
        its cargo is {} | on board there are {}: onions, tyres, carpets, orchids, bottles
        its engine is {} | the engine is {}: smoking, hushed, overhauled, steam-driven, outboard
        """,
        "comma, dash, hyphen, period, semicolon",
    ),
    template(
        Kind.CRITERIA,
        "manuscripts",
        "The manuscript {0} was submitted and an editor has to read it",
        """
        its first scene is in a {} | it begins in a {}: lighthouse, sauna, casino, greenhouse, submarine
        its hero is a {} | the hero of it is a {}: widow, smuggler, botanist, twin, ghost
        it is written in {} | the whole of it is in {}: verse, letters-home, dialect, fragments, footnotes
        its author asks for {} | the author hopes for {}: money, fame, advice, speed, secrecy
        """,
        "Abbott, Bixby, Crane, Dalloway, Emmerich",
    ),
    template(
        Kind.PROCEDURES,
        "turbines",
        "Start the turbine {0} again",
        """
        its blades are {} | the blades are {}: pitted-through, balanced, feathered, iced
        the grid is {} | the grid is {}: overloaded-now, islanded, stable-ish, undersupplied
        its oil is {} | the oil in it is {}: synthetic, thickened, drained, milky
        the crew is {} | the crew is {}: trained, outsourced, exhausted, complete
        """,
        "isolate {0}, purge {0}, spin, excite {0}, synchronise, log, bleed, ground",
    ),
    template(
        Kind.PROCEDURES,
        "greenhouses",
        "Plant the greenhouse {0} for the next year",
        """
        its soil is {} | the soil is {}: clayey, peaty, sandy, exhausted-looking
        its glass is {} | the panes are {}: frosted, scrubbed, tinted, missing-in-part
        the seedlings are {} | the seedlings look {}: leggy, sturdy, yellowish, grafted
        the well beside it is {} | its well is {}: salty-tasting, deep, capped, dried-up
        """,
        "fumigate {0}, till, manure {0}, sow, mist {0}, stake, mulch, prune",
    ),
    template(
        Kind.PROCEDURES,
        "printshops",
        "Set up the press {0} for the next poster",
        """
        its rollers are {} | the rollers are {}: swollen-soft, recoated, dented, chromed
        the ink is {} | there is ink that is {}: fluorescent, curdled, vegetable-based, magnetic
        the stock is {} | the paper stock is {}: handmade, laminated, creased, transparent-ish
        the client waits {} | the one who ordered it waits {}: outside, impatiently, overseas, in vain
        """,
        "degrease {0}, level, plate {0}, ink-up {0}, proof, stack, perforate, guillotine",
    ),
    template(
        Kind.PROCEDURES,
        "tunnels",
        "Open the tunnel {0} for traffic",
        """
        its fans are {} | the fans are {}: reversed, rattling, upgraded, unpowered
        its walls are {} | the walls are {}: sweating, shotcreted, bare, bulging-out
        the convoy is {} | the convoy outside is {}: armoured, oversized, royal, fuel-laden
        the guards are {} | the guards are {}: briefed, drunk, volunteers, outnumbered
        """,
        "evacuate {0}, flush, floodlight {0}, wash-down, pace {0}, barrier, siren, patrol",
    ),
    template(
        Kind.TOOLS,
        "rooms",
        "Let the studio {0} to the band {1} with the rental tool",
        """
        the band is {} | the band is {}: unsigned, notorious, acoustic, underage
        the studio is {} | the studio is {}: soundproof, subterranean, haunted, unfurnished
        the rent is {} | the rent is {}: weekly, overdue-so-far, subsidised, negotiable
        the key is with the {} | the key was left with the {}: caretaker, baker, landlady, sexton
        """,
        "lease, premises, unit, tenant, occupant, deposit, autorenew, sublet, escrow",
    ),
    template(
        Kind.TOOLS,
        "routes",
        "Find a route from {0} to {1} with the map tool",
        """
        the vehicle is a {} | they go in a {}: tandem, hearse, tractor, motorhome
        the map is {} | the map is {}: topographic, outdated, crowd-sourced, military-made
        the pass is {} | the pass is {}: snowed-in, tolled, one-way, patrolled
        the driver wants {} | what the driver wants is {}: scenery, silence, petrol, shelter
        """,
        "navigate, source, begin, terminus, goal, avoid-ferries, shortest, offline, hazmat",
    ),
    template(
        Kind.TOOLS,
        "irrigation",
        "Water the plot {0} from the tank {1} with the valve tool",
        """
        the plot grows {} | on the plot there are {}: leeks, melons, dahlias, artichokes
        the tank is {} | the tank is {}: rooftop, brackish, half-full, algae-ridden
        the soil sensor is {} | the sensor there is {}: unplugged, calibrated-well, duplicated, muddy-wet
        the forecast is {} | they forecast {}: drizzle, drought, hailstorms, frost
        """,
        "sprinkle, bed, parcel_id, reservoir, supply, pulsed, overnight, fertilise, drip",
    ),
    template(
        Kind.TOOLS,
        "laboratory",
        "Run the sample {0} through the machine {1} with the lab tool",
        """
        the sample is {} | the sample is {}: radioactive, saline, powdered, clotted
        the machine is {} | the machine is {}: benchtop, overheated, refurbished, robotic
        the result goes to a {} | the result is for a {}: court, breeder, coach-trainer, museum-curator
        the technician is {} | the technician is {}: gloved, colour-blind, certified-twice, temporary
        """,
        "assay, specimen, vial, device, instrument, replicate, blank, dilute, quarantine",
    ),
    template(
        Kind.PREFERENCES,
        "desserts",
        "{0} has eaten and is asked which dessert to bring",
        """
        the waiter is {} | the waiter is {}: whistling, apologetic, brusque, stumbling
        the terrace is {} | out on the terrace it is {}: breezy, candlelit, wasp-ridden, shaded
        the toast was to {} | they have drunk to {}: friendship, victory, retirement, health
        the moon is {} | the moon is {}: waxing, eclipsed, hazy-bright, hidden
        """,
        "baklava, meringue, parfait, sorbet, tiramisu",
    ),
    template(
        Kind.PREFERENCES,
        "books_to_read",
        "{0} lies in a hammock and wants something to read",
        """
        the hammock is {} | the hammock is {}: creaking, knitted, sagging, camouflaged
        the insects are {} | insects are {}: biting, glowing, buzzing, hibernating
        the host is {} | the host is {}: cooking, snoring, gardening, philosophising
        the house is {} | the house is {}: rented-out, ancestral, half-built, sold-off
        """,
        "almanac, biography, fable, memoir, sonnets",
    ),
    template(
        Kind.PREFERENCES,
        "hobbies",
        "{0} has time and wonders what to do with it",
        """
        the workshop is {} | the workshop is {}: unheated, flooded-out, inherited, insured-well
        the bank account is {} | the account is {}: frozen-over, overdrawn, joint, untouched
        the hands are {} | their hands are {}: shaky, blistered, inked, steady
        the nephew is {} | the nephew is {}: grounded, enrolled, sulking, whittling
        """,
        "calligraphy, falconry, origami, pottery, taxidermy",
    ),
    template(
        Kind.PREFERENCES,
        "haircuts",
        "{0} sits down and asks for a haircut",
        """
        the mirror is {} | the mirror is {}: steamed-up, oval, unflattering, spotlit
        the barber is {} | the barber is {}: hungover, Sicilian, apprenticed, humming-along
        the event is a {} | what comes next is a {}: wedding, trial-day, audition, reunion
        the rain is {} | the rain is {}: drumming, over, freezing, expected
        """,
        "bob, fringe, mohawk, perm, undercut",
    ),
)
