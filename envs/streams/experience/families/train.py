"""The families of training streams."""

from __future__ import annotations

from .templates import Kind, template

TEMPLATES = (
    template(
        Kind.CRITERIA,
        "parcels",
        "Parcel {0} waits at the gate and needs a bay",
        """
        its seal is of {} | somebody closed it with {}: wax, tape, wire, glue, ribbon
        its sender lives in {} | it was posted in {}: Oslo, Bern, Riga, Porto, Ghent
        it weighs {} kilos | the scales say {} kilos: two, five, nine, twelve, twenty
        its wrapping is {} | it is wrapped in {}: paper, foil, felt, jute, canvas
        """,
        "alder, birch, cedar, maple, willow",
    ),
    template(
        Kind.CRITERIA,
        "seeds",
        "The seed {0} has to go into a drawer",
        """
        its hull is {} | the hull looks {}: smooth, ribbed, hairy, pitted, waxy
        it was picked in {} | the month on its bag is {}: March, June, August, October, November
        it smells of {} | it has a smell of {}: honey, smoke, mint, earth, pepper
        its shape is {} | it is {} in shape: round, flat, curved, winged, pointed
        it came from a {} | it was found in a {}: meadow, ditch, forest, garden, quarry
        """,
        "Aquila, Cygnus, Lyra, Orion, Vela",
    ),
    template(
        Kind.CRITERIA,
        "coins",
        "Coin {0} lies on the tray and has to be put into an album",
        """
        its rim is {} | the rim feels {}: grooved, worn, bent, beaded, sharp
        it shows a {} | a {} is struck on it: lion, ship, crown, wheel, plough
        its metal is {} | it is made of {}: copper, nickel, silver, brass, zinc
        it was dug up near a {} | it turned up by a {}: chapel, bridge, mill, harbour, barn
        """,
        "atlas, codex, folio, ledger, quarto",
    ),
    template(
        Kind.CRITERIA,
        "tickets",
        "Ticket {0} came in and some team has to take it",
        """
        it was sent by {} | it reached us by {}: phone, fax, chat, letter, courier
        the client is a {} | it concerns a {}: bakery, school, clinic, theatre, brewery
        it is about the {} | the trouble is with the {}: invoice, login, router, scanner, keyboard
        its tone is {} | the writer sounds {}: calm, angry, worried, cheerful, tired
        the contract is {} years old | they have been clients for {} years: three, four, six, seven, eight
        """,
        "falcon, heron, osprey, plover, siskin",
    ),
    template(
        Kind.CRITERIA,
        "books",
        "The book {0} was brought back and belongs on a shelf",
        """
        its cover is {} | the cover looks {}: torn, faded, glossy, stained, embossed
        its author was a {} | it was written by a {}: sailor, judge, nurse, monk, farmer
        it deals with {} | its subject is {}: whales, clocks, volcanoes, castles, comets
        a reader left a {} in it | there is a {} between its pages: feather, leaf, stamp, photo, receipt
        """,
        "cobalt, crimson, indigo, ochre, umber",
    ),
    template(
        Kind.CRITERIA,
        "guests",
        "Guest {0} has arrived and must be given a floor",
        """
        the guest carries a {} | there is a {} among the luggage: cello, suitcase, rucksack, hatbox, tripod
        the guest stays for a {} | they have booked a {}: night, weekend, week, fortnight, season
        they came by {} | the journey was made by {}: train, bus, ferry, taxi, tram
        the guest works as a {} | by trade they are a {}: dentist, florist, tailor, pilot, chemist
        """,
        "garnet, jasper, opal, topaz, zircon",
    ),
    template(
        Kind.PROCEDURES,
        "servers",
        "Bring the server {0} up to date",
        """
        its disk is {} | the disk was reported {}: full, encrypted, slow, new
        its users are {} | those who use it are {}: asleep, busy, abroad, absent
        the network is {} | the lines are {}: stable, shared, metered, flaky
        its owner is the {} team | the {} team owns it: payroll, research, sales, legal
        """,
        "drain {0}, snapshot {0}, patch, reboot {0}, verify, notify, unlock, reindex",
    ),
    template(
        Kind.PROCEDURES,
        "ovens",
        "Make the oven {0} ready for bread",
        """
        its stones are {} | the stones feel {}: cold, damp, cracked, sooty
        the dough is of {} | bread of {} is planned: rye, spelt, barley, maize
        the wood is {} | there is {} wood: beech, pine, oak, ash
        its door is {} | the door hangs {}: loose, stiff, warped, open
        """,
        "sweep {0}, kindle {0}, soak, vent {0}, dust, preheat, scrape, rest",
    ),
    template(
        Kind.PROCEDURES,
        "looms",
        "Prepare the loom {0} for the next cloth",
        """
        its yarn is {} | the yarn on it is {}: linen, wool, silk, hemp
        its pedals are {} | the pedals are {}: squeaky, tight, oiled, short
        the pattern has {} | the pattern is made of {}: stripes, diamonds, waves, squares
        the weaver is {} | the one who weaves is {}: experienced, left-handed, in a hurry, an apprentice
        """,
        "unwind {0}, thread {0}, tension, align {0}, brush, knot, trim, tie",
    ),
    template(
        Kind.PROCEDURES,
        "wells",
        "Clean the well {0} before people drink from it",
        """
        its water is {} | the water looks {}: cloudy, green, rusty, foamy
        its cover is made of {} | there is a cover of {}: iron, slate, planks, concrete
        the pump is {} | the pump sounds {}: quiet, broken, loud, borrowed
        it lies beside a {} | next to it is a {}: stable, road, churchyard, orchard
        """,
        "fence {0}, bail {0}, scrub, chlorinate {0}, sample, rinse, prime, label",
    ),
    template(
        Kind.PROCEDURES,
        "exhibits",
        "Send the exhibit {0} to the other museum",
        """
        its frame is {} | the frame is {}: gilded, rotten, heavy, missing
        the insurer wants {} | the insurer asked for {}: pictures, witnesses, a deposit, two guards
        the van is {} | they come with a van that is {}: heated, small, rented, late
        the customs office is {} | customs are {}: strict, closed, helpful, distant
        """,
        "photograph {0}, crate {0}, weigh, register {0}, seal, escort, insure, unframe",
    ),
    template(
        Kind.PROCEDURES,
        "hives",
        "Look after the hive {0} on the hill",
        """
        its queen is {} | the queen seems {}: young, weak, marked, lost
        the bees are {} | the bees seem {}: drowsy, restless, hungry, swarming
        its roof is {} | the roof is {}: leaky, thatched, painted, mossy
        the heather is {} | around it the heather is {}: blooming, dry, mown, frozen
        """,
        "smoke {0}, hoist, inspect {0}, feed, requeen {0}, shade, wrap, count",
    ),
    template(
        Kind.TOOLS,
        "tables",
        "Book a table at {0} for {1} with the booking tool",
        """
        the restaurant is on the {} system | the place uses the {} system: legacy, cloud, hybrid, pilot-phase
        the guest pays by {} | payment is by {}: card, voucher, cash, cheque
        the table is by the {} | they asked for a table near the {}: window, fireplace, bar, stairs
        it is for {} | the occasion is {}: a birthday, a meeting, an anniversary, a farewell
        """,
        "reserve, venue, restaurant_id, diner, party, confirm, hold, instant, deferred",
    ),
    template(
        Kind.TOOLS,
        "messages",
        "Write to {0} about {1} with the message tool",
        """
        the receiver is {} | the one who gets it is {}: a supplier, a colleague, a journalist, an auditor
        the line is {} | the connection is {}: secure, public, foreign, mobile
        it is {} | the message is {}: urgent, private, routine, confidential
        it has {} attached | with it goes {}: a drawing, a table of costs, a recording, nothing
        """,
        "post, addressee, recipient, subject, topic, ack, silent, trace, digest",
    ),
    template(
        Kind.TOOLS,
        "freight",
        "Ship the crate {0} to {1} with the freight tool",
        """
        the carrier is {} | it goes with a carrier that is {}: regional, military, cheap, certified
        the load is {} | what is in it is {}: fragile, frozen-solid, liquid, explosive
        the harbour has {} | at the harbour there is {}: a strike, a crane, a queue, a curfew
        the client is {} | the client is {}: patient, anonymous, insured, bankrupt
        """,
        "dispatch, item, cargo, dest, port, escort, express, manifest, tracked",
    ),
    template(
        Kind.TOOLS,
        "songs",
        "Play the song {0} in the room {1} with the sound tool",
        """
        the speakers are {} | the room has speakers that are {}: wireless, wired, antique, stereo
        the neighbours are {} | next door they are {}: away, deaf, sleeping, grumpy
        the licence is {} | the licence for it is {}: expired, paid, trial, educational
        the lights are {} | the lights there are {}: dimmed, bright, coloured, off
        """,
        "stream, track, title, zone, sink, loop, fade, mono, cache",
    ),
    template(
        Kind.TOOLS,
        "prints",
        "Print the plan {0} on the device {1} with the printing tool",
        """
        the plan is in {} | the plan was drawn in {}: pencil, vector, layers, inches
        the device sits in the {} | the device stands in the {}: cellar, attic, hallway, annex
        the toner is {} | the toner is {}: low, fresh, generic, recycled
        the copies go to {} | the copies are meant for {}: builders, lawyers, pupils, archivists
        """,
        "spool, doc, sheet, printer, queue, duplex, draft, collate, scale",
    ),
    template(
        Kind.TOOLS,
        "alarms",
        "Set the alarm {0} for the group {1} with the clock tool",
        """
        the group is on {} time | they all live by {} time: winter, summer, ship, station
        the alarm is for {} | its purpose is {}: medicine, laundry, prayer, exercise
        their phones are {} | they have phones that are {}: rugged, ancient, muted, leased
        the day is a {} | it is a {}: Monday, Thursday, Sunday, holiday
        """,
        "arm, label, tag, crew, members, snooze, vibrate, repeat, gentle",
    ),
    template(
        Kind.PREFERENCES,
        "drinks",
        "{0} would like something to drink",
        """
        it is {} | the time of day is {}: morning, noon, evening, midnight
        the weather is {} | outside it is {}: rainy, sunny, stormy, snowy
        the company is {} | the others at the table are {}: children, clients, cousins, strangers
        the room is {} | they sit in a room that is {}: crowded, chilly, elegant, stuffy
        """,
        "cocoa, cider, espresso, lemonade, tonic",
    ),
    template(
        Kind.PREFERENCES,
        "walks",
        "{0} wants to go for a walk",
        """
        the wind is {} | there is a wind that is {}: icy, mild, gusty, salty
        the dog is {} | the dog was {} today: lazy, muddy, playful, limping
        the shoes are {} | the shoes at hand are {}: leather, rubber, wooden, sporty
        the day was {} | up to now the day was {}: boring, hectic, sad, festive
        """,
        "dunes, ridge, canal, vineyard, moor",
    ),
    template(
        Kind.PREFERENCES,
        "films",
        "{0} is choosing a film for tonight",
        """
        the sofa is shared with {} | {} will watch too: grandparents, flatmates, teenagers, neighbours
        dinner was {} | for dinner they had something {}: spicy, heavyish, sweet, vegan
        the screen is {} | the screen they have is {}: tiny, huge, cracked-up, borrowed-out
        tomorrow is {} | the next day is {}: free, an exam, a trip, a funeral
        """,
        "western, musical, thriller, romance, documentary",
    ),
    template(
        Kind.PREFERENCES,
        "lunches",
        "{0} is hungry and asks what to have for lunch",
        """
        the morning went {} | so far things went {}: badly, smoothly, slowly, wildly
        the canteen is {} | the canteen is {} today: noisy, empty, repainted, half-closed
        the colleague nearby is {} | the one at the next desk is {}: fasting, chatty, ill, leaving
        the budget is {} | the purse is {}: thin, generous, shared-out, forgotten
        """,
        "lasagne, curry, omelette, gazpacho, dumplings",
    ),
    template(
        Kind.PREFERENCES,
        "seats",
        "{0} needs a seat for the journey",
        """
        the trip takes {} | it will take {}: an hour, half a day, all night, minutes
        the coach is {} | the coach looks {}: modern, vintage, packed, shabby
        the luggage is {} | what they carry is {}: bulky, light, valuable, wet
        they travel with {} | in company there is {}: a baby, a parrot, a boss, an old friend
        """,
        "aisle, front, rear, upper, lounge",
    ),
    template(
        Kind.PREFERENCES,
        "gifts",
        "{0} may pick a gift at the fair",
        """
        the stall is run by {} | behind the stall there are {}: nuns, students, scouts, potters
        the purse holds {} coins | there are {} coins left: eleven, thirteen, fifteen, sixteen
        the crowd is {} | around them people are {}: singing, pushing, dancing, yawning
        the sky is {} | above them the sky is {}: grey, starry, orange, clear
        """,
        "candle, kaleidoscope, marionette, scarf, whistle",
    ),
)
