"""Sentences of letters, notes and articles, and snippets of code: what users paste and assistants draft."""

from __future__ import annotations

from ...synthetic.phrasings.partition import lines, words

LETTER = lines("""
    Thank you for your message of {day}.
    I'm writing about {x}, which we discussed on the phone.
    Could you let me know by {day} whether that suits you?
    Unfortunately {x} has been delayed by {n} days.
    I'd be grateful for a short reply.
    Please find {y} attached.
    I hope that this finds you well.
    We would need about {n} minutes for {x}.
    As agreed, I'm sending you what we have on {x}.
    If {day} doesn't work, any other day is fine.
    I apologise for the late answer.
    Let me know if anything about {y} is unclear.
    We were very pleased with {x}.
    It would help us to hear from you before {clock}.
    There's one open point, and that is {y}.
    Many thanks for your patience with {x}.
    May I remind you of {y}?
    I'm looking forward to your suggestions.
    We have had {n} replies so far, all of them kind.
    Please excuse the confusion about {x}.
    I'd like to propose a short call on {day} at {clock}.
    You asked for more about {y}, so here it is.
    The costs for {x} are lower than expected.
    I'd be happy to show you {y} in person.
    Should you have questions, just write back.
    We can offer {n} places at the moment.
    The others have already agreed to {x}.
    Could we move {y} to the following week?
    I was glad to hear that {x} went well.
    On {day} the door will be open from {clock}.
    This is only a first version, so please be lenient.
    I enclose a list with {n} items.
    We received your parcel on {day}, thank you.
    It took us a while to find out about {x}.
    Would {clock} be too early for you?
    I've spoken to the others about {y}, and nobody objects.
    The documents should reach you within {n} days.
    Please don't worry about {x}, that has been settled.
    I wanted to ask whether {y} is still available.
    Our meeting on {day} has to be moved, I'm afraid.
    Feel free to forward this to whoever is in charge of {x}.
    I was a little surprised by {y}.
    There are {n} of us, so a small room will do.
    Your suggestion about {x} was very welcome.
    Might it be possible to have {y} ready by {day}?
    I'd rather not decide on {x} without you.
    The last time we did that, it took {n} minutes.
    Allow me one more remark on {y}.
    We're sorry for the trouble that {x} has caused.
    Do you happen to know who could help with {y}?
    I look forward to meeting you on {day}.
    So far we have collected {n} signatures.
    With {x} out of the way, we can begin.
    I'll be away from {day} on, but I read my mail.
    It goes without saying that we cover the costs of {y}.
    My colleagues send their best wishes.
    A quick word about {x} before I forget.
    I'd appreciate your honest opinion on {y}.
    We'll be there from {clock} onwards.
    Thank you again for your help with {x}.
    Please let me know how many copies you need.
    I may have misunderstood what you wrote about {y}.
    If I don't hear from you, I'll assume that {x} is fine.
    Further information follows by post.""")

NOTES = lines("""
    ask about {x} on {day}
    {x} before {y}, not after
    at most {n} of them
    compare {x} with {y}
    look up who is responsible for {y}
    call back at {clock}
    find out what {x} costs
    print {n} copies
    {y} can wait
    decide about {x} until {day}
    two versions of {x}?
    somebody has to take care of {y}
    don't forget {x} this time
    check {y} twice
    leave {n} minutes of slack
    throw away the old {n} pages
    {x}: who, when, how
    borrow something for {y}
    write down why {x} failed
    start at {clock} sharp
    idea from {day}: combine {x} and {y}
    fewer words, more pictures
    {n} things about {x}
    find a replacement for {y}
    tidy up before {day}
    keep the receipt for {x}
    try {y} without help
    everything else is optional
    order {x} early
    no more than one page on {y}
    measure first
    take a photo of {x}
    first draft by {day}
    why not {y} instead?
    {n} minutes each, no more
    who has the key?
    {x} is too heavy
    ask for a discount on {y}
    pros and cons of {x}
    rename everything
    half as much of {y}
    bring a pen
    new batteries?
    {day}: nothing else planned
    {clock} is too late
    read up on {x}
    page {n}, second paragraph
    make it smaller
    share {y} with the others
    not before {clock}
    the same as last year, minus {x}
    sort by size
    find a quiet corner for {y}
    write to {who}
    {who} said yes
    {x} or nothing
    one for everyone, {n} in reserve
    look for something cheaper
    test run of {y} on {day}
    repeat until it works
    forget about {x}
    what would {who} say?
    put a label on {y}
    done: {n}, left: a few""")

ARTICLE = lines("""
    Those who begin with {x} often underestimate {y}.
    According to a survey of {n} people, {x} matters more than {y}.
    The history of {x} goes back further than most people think.
    Experts recommend checking {x} every {n} days.
    In the past only a few could afford {y}.
    There is no proof that {x} replaces {y}.
    The costs have risen by {n} per cent since the last report.
    Critics call {x} overrated.
    Beginners struggle most of all with {y}.
    It takes about {n} minutes until the difference shows.
    The municipal office confirmed the figures on {day}.
    What looks like chance is often the result of {x}.
    A closer look at {y} is worth the effort.
    In the second trial only {n} of the samples were usable.
    The authors warn against simple explanations.
    Whether {x} or {y} comes first remains a matter of debate.
    The old method survived in a few remote valleys.
    Most damage is done between {clock} and midnight.
    New rules for {x} come into force next spring.
    The results were checked by two independent groups.
    Without {y} the whole arrangement falls apart.
    Some {n} volunteers took part in the first stage.
    The term itself was coined much later.
    A similar effect is known from {y}.
    The report lists {n} measures, few of which are new.
    By contrast, little has changed about {x}.
    Much depends on the quality of {y}.
    The journal printed a correction on {day}.
    Nobody had expected so much interest in {x}.
    The follow-up study will include {y} as well.
    Opinions on {x} differ widely.
    At the end of the day, patience counts more than {x}.
    Guidebooks devote a whole chapter to {x} and a line to {y}.
    The first printed mention of {y} is a footnote.
    On {day} the exhibition opens to the public.
    A third of those asked had never heard of {x}.
    Manufacturers promise a lot and deliver about half of it.
    The word of mouth did more for {y} than any campaign.
    Earlier estimates turned out to be {n} per cent too high.
    What remains is a small group of enthusiasts.
    The debate over {x} flares up every few years.
    Researchers compared {n} households over two winters.
    Their conclusion is cautious.
    In rural areas {y} plays a different role than in towns.
    A glance at other countries shows how much depends on habit.
    The oldest surviving example of {x} weighs {n} kilograms.
    Volunteers look after {y} on two evenings a week.
    So far the funding is secured until the autumn.
    Some readers will remember the dispute over {x}.
    A new generation approaches {y} with fewer worries.
    The price of {x} has doubled within {n} months.
    Nothing suggests that this will change soon.
    Under a microscope the difference becomes obvious.
    The committee met {n} times before it voted.
    Trade in {y} came to a halt during the strike.
    Such figures should be read with care.
    For the time being, {x} and {y} exist side by side.
    The idea came from a retired engineer.
    Two thirds of the visitors arrive before {clock}.
    The answer lies in the details of {x}.
    Neighbouring towns have followed the example.
    Only later did anyone ask about {y}.
    The series continues with a look at {x}.
    Photographs from that time show {n} people in front of a shed.
    The instructions fit on the back of a postcard.
    Whoever wants {y} has to be quick.
    Insurance companies have their own view of {x}.
    In everyday use none of this matters much.
    The inventor died without having earned a penny from it.
    Meanwhile the waiting list has grown to {n} names.
    The museum keeps a replica of {y} in its cellar.
    A leaflet about {x} is available free of charge.
    The test was repeated on {day}, with the same outcome.
    Supporters point to the example of {y}.
    The damage amounted to {n} thousand in all.
    Traditionally, {x} came at the very end.
    There are clubs for it in {n} towns by now.
    The weather did the rest.
    Spare parts for {y} are hard to come by.
    Readers sent in more than {n} suggestions.
    The court has yet to decide on {x}.
    Its successor is said to be quieter.
    Every year {n} students choose the subject.
    The recipe is older than the town itself.
    Without subsidies the project would have ended long ago.
    Those figures do not include {y}.
    One of the founders still comes by on {day}s.
    The effect wears off after {n} hours.
    A second edition is being prepared.
    The path to {x} leads through a narrow gate.
    The trend has reached the suburbs.
    Little is known about the early days of {y}.
    A plaque at the entrance explains the rest.
    From {clock} on the queue reaches around the corner.
    The editors welcome letters about {x}.
    No further details were given.""")

IDENTIFIERS = words("""
    rows, total, parse_line, entries, load_file, buffer, result, merge, counter, payload, split_text, cursor,
    items, make_key, stamp, walk, chunk, normalise, offset, collect, needle, fetch_page, matrix, tidy, marker,
    flush, label, retry, record, sort_by, window, clamp
""")


def _snippets(block: str) -> tuple[str, ...]:
    return tuple(part.strip("\n") for part in block.split("---\n"))


CODE = _snippets("""
def {f}({v}):
    {w} = 0
    for each in {v}:
        {w} += len(each)
    return {w}
---
import csv

with open("{f}.csv") as file:
    {v} = list(csv.reader(file))
print(len({v}) - {n})
---
def {f}(path, {v}=None):
    if {v} is None:
        {v} = []
    {v}.append(path.name)
    return sorted({v})[:{n}]
---
{v} = [{f}(each) for each in {w} if each]
{v}.sort(reverse=True)
for place, each in enumerate({v}[:{n}]):
    print(place, each)
---
while {v} < {n}:
    {w} = {f}({v})
    if not {w}:
        break
    {v} += 1
---
class Reader_{f}:
    def __init__(self, {v}):
        self.{v} = {v}

    def {w}(self):
        return self.{v} * {n}
---
try:
    {v} = {f}("{w}.txt")
except OSError as error:
    print("could not read", error)
    {v} = ""
---
SELECT {v}, COUNT(*) AS {w}
FROM {f}
GROUP BY {v}
HAVING COUNT(*) > {n}
ORDER BY {w} DESC;
---
function {f}({v}) {{
  const {w} = {v}.filter((each) => each.size > {n});
  return {w}.map((each) => each.name);
}}
---
for {v} in *.txt; do
  if [ $(wc -l < "${v}") -gt {n} ]; then
    mv "${v}" {w}/
  fi
done
---
from collections import Counter

{v} = Counter({f}({w}))
for word, number in {v}.most_common({n}):
    print(f"{{word}}: {{number}}")
---
def {f}({v}, {w}):
    if not {v} or not {w}:
        return {v} or {w}
    if {v}[0] <= {w}[0]:
        return [{v}[0], *{f}({v}[1:], {w})]
    return [{w}[0], *{f}({v}, {w}[1:])]
---
{v} = {{}}
for line in {w}.splitlines():
    key, _, rest = line.partition("=")
    {v}[key.strip()] = rest.strip()
assert len({v}) <= {n}
---
import time

start = time.perf_counter()
{v} = {f}({n})
print("{w}", round(time.perf_counter() - start, 3))
---
const {v} = document.querySelectorAll(".{w}");
{v}.forEach((each, place) => {{
  if (place % {n} === 0) each.classList.add("{f}");
}});
---
def test_{f}_keeps_the_order():
    {v} = ["b", "a", "c"]
    {w} = {f}({v})
    assert {w} == {v}
    assert len({w}) < {n}
---
[{f}]
{v} = {n}
{w} = "daily"
verbose = true
---
@lru_cache(maxsize={n})
def {f}({v}):
    {w} = {v} - 1
    return 1 if {w} < 1 else {v} * {f}({w})
---
let {v} = {w}.length;
while ({v}--) {{
  if ({w}[{v}] === {n}) {f}({v});
}}
---
{v} = dict(zip({w}, range({n})))
missing = [each for each in {f} if each not in {v}]
if missing:
    raise ValueError(missing)
---
def {f}({v}: list[str]) -> str:
    {w} = max({v}, key=len)
    return {w}[:{n}].strip().lower()
---
async def {f}({v}):
    async with {v}.get("/{w}") as reply:
        if reply.status != 200:
            return {n}
        return await reply.json()
---
{v} <- read.csv("{w}.csv")
{v} <- {v}[{v}$size > {n}, ]
plot({f}({v}$size))
---
WITH {v} AS (
  SELECT *, ROW_NUMBER() OVER (ORDER BY id) AS place FROM {w}
)
SELECT * FROM {v} WHERE place <= {n} AND kind = '{f}';
""")
"""Snippets with a function `{f}`, variables `{v}` and `{w}` and a number `{n}`."""
