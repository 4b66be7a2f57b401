"""What the assistant writes: skeletons, points, explanations, questions and what it says back.

A skeleton's parts are separated by " | " and become paragraphs. The gaps `{points}`, `{steps}`, `{prose}`,
`{letter}`, `{table}`, `{code}` and `{tip}` are filled with blocks; the others are those of `projects`.
"""

from __future__ import annotations

from ...synthetic.phrasings.partition import lines

SKELETONS: dict[str, tuple[str, ...]] = {
    "points": lines("""
        Here are some ideas for {goal}: | {points}
        Good question. These are the points that matter most for {x}: | {points}
        Of course! Let's break {goal} down: | {points}
        There are several ways to go about {x}. | {points}
        Sure, here's an overview: | {points} | {tip}
        ## Overview | {points}
        Let me list what to look out for with {x} and {y}: | {points}
        That depends on {x}. In general: | {points}
        Happy to help with {goal}! | {points} | {tip}
        Certainly. I've grouped it by theme: | {points}
        For {goal} I'd keep an eye on the following: | {points}
        {tip} | Beyond that: | {points}
        Absolutely, here's a compact list: | {points}
        Let's look at {x} from different sides. | {points}
        Based on what you've told me, I'd suggest this: | {points}
        ### Suggestions for {x} | {points} | {tip}
        I've revised the list so that {y} comes out better: | {points}
        Thanks for the extra detail. An updated version: | {points}
        Most people overlook {y}, so I've put it in: | {points}
        Got it, here's a tighter version: | {points}
        What usually works for {goal}: | {points} | {tip}
        In short, {x} decides. The longer answer: | {points}
        Sorry for the mix-up. Here's the corrected list: | {points}
        You could think of {goal} in terms of these areas: | {points}
        Great, let's go deeper into {x}: | {points}
        No problem. Without {y} it would look like this: | {points}
        To keep {goal} manageable: | {points} | {tip}
        There's no single right answer, but these help: | {points}
        Understood. I've put {x} first: | {points}
        A few thoughts, from important to optional: | {points}
        Here's what I would check before {x}: | {points} | {tip}
        Fair point! Then I'd change the list as follows: | {points}
        ## {x_title} and {y} | {points}
        Some options, with their drawbacks: | {points}
        To sum up where we are with {goal}: | {points}
        Let me be more concrete: | {points}
    """),
    "steps": lines("""
        Here's a step-by-step plan for {goal}: | {steps}
        Follow these steps and you'll get there: | {steps}
        Let's do it in order: | {steps} | {tip}
        I'd tackle {x} like this: | {steps}
        Sure! The order matters here: | {steps}
        A plan that you can tick off: | {steps}
        ## Plan | {steps} | {tip}
        To get from {x} to {y}: | {steps}
        First things first. | {steps}
        Here's a routine that takes about {n} minutes: | {steps}
        Try this sequence: | {steps} | {tip}
        The short version in numbered form: | {steps}
        Okay, starting from the beginning: | {steps}
        Here's how I'd spend the next {n} days: | {steps}
        Done, I've numbered it: | {steps}
        Let's turn that into a procedure: | {steps} | {tip}
        For {goal}, one step at a time: | {steps}
        I've reordered it so that {y} comes last: | {steps}
        This is the safest way to handle {x}: | {steps}
        Let me walk you through {x}: | {steps}
    """),
    "prose": lines("""
        {prose}
        {prose} | Feel free to ask if anything is unclear.
        Good that you ask. {prose}
        In a nutshell: {tip} | {prose}
        Let me explain. {prose}
        That's a common worry. {prose}
        I see what you mean. {prose}
        Yes and no. {prose}
        It comes down to {x}. {prose}
        Honestly, I'd be careful with {y}. {prose}
        Here's the plain version. {prose}
        You're right, I was too vague there. {prose}
        {tip} | {prose}
        Think of {x} as the frame and of {y} as the picture. {prose}
        The usual answer is {x}, but that's only half of it. {prose}
        My apologies, that was unclear. {prose}
        I wouldn't worry too much about {y}. {prose}
        There are two schools of thought on {x}. {prose}
        As far as {goal} is concerned, less is more. {prose}
        Let's put it differently. {prose}
        Glad that it helped! {prose}
        Here's a short explanation. {prose}
        To be precise, it's not {x} that matters but {y}. {prose}
        What a nice idea. {prose}
        I'd say it depends. {prose}
        Without lists, then. {prose}
        A fair question, and one that comes up with {goal} all the time. {prose}
        Let me think that through with you. {prose}
    """),
    "letter": lines("""
        Here's a polished version: | {letter}
        I've kept your tone and fixed the grammar: | {letter}
        How about this? | {letter}
        A friendlier version: | {letter}
        I shortened it and moved the question to the top: | {letter}
        Here's a draft that you can adapt: | {letter} | {tip}
        Below is a more formal version. | {letter}
        Sure, two small changes made the difference: | {letter}
        This should read more smoothly: | {letter}
        I took out the repetitions: | {letter}
        Here you go: | {letter}
        A version with shorter sentences: | {letter}
        It's almost there; I only changed the middle part: | {letter}
        Here's how I'd phrase it: | {letter}
        Suggested text: | {letter}
        The message is clear, so I only smoothed the edges: | {letter}
    """),
    "table": lines("""
        Here's a comparison: | {table}
        I've put it into a table: | {table}
        A table makes that easier to see: | {table} | {tip}
        For {goal} the figures look roughly like this: | {table}
        Side by side: | {table}
        ## Comparison | {table}
        Take these numbers with a pinch of salt: | {table}
        Here's the overview that you asked for: | {table}
        {tip} | {table}
        The schedule at a glance: | {table}
        Sorted by effort: | {table}
        I estimated what I couldn't know: | {table}
    """),
    "code": lines("""
        The problem is the line with {x}. Try this: | {code} | {prose}
        Here's a working version: | {code}
        I'd write it like this: | {code} | {points}
        You can do that with a few lines: | {code} | {tip}
        That fails because of {y}. A fix: | {code}
        Here's the function, with a check for {x}: | {code} | {steps}
        A shorter way: | {code} | {prose}
        Let's split {x} off: | {code} | {points}
        This should be safe: | {code} | {prose}
        The following handles {x} and {y}: | {code} | {steps}
        An example with a test: | {code} | {prose}
        I renamed a few things so that it reads better: | {code} | {points}
    """),
}

ADVICE = lines("""
    Start with {x}; it usually takes longer than {y}.
    Set aside {n} minutes on {day} for {x}, and nothing else.
    Don't let {x} and {y} get in each other's way.
    Check {x} twice, because mistakes there are hard to undo.
    If {y} is too much, leave it for the second round.
    Keep a short list for {x} and cross off what is done.
    Ask somebody who has done it before about {x}.
    A rule of thumb is to plan {n} per cent more than you think for {y}.
    {x_title} is easier when {y} is already settled.
    Write down what worked with {x}, so that you don't start from scratch.
    Try {x} on a small scale before you commit to it.
    Replace {y} if it costs more than it brings.
    Look at {x} again after {n} days with fresh eyes.
    It's fine to skip {y} when time is short.
    Combine {x} with {y} wherever the two need the same preparation.
    Avoid doing {x} late in the evening.
    Compare at least {n} offers before you settle on {y}.
    Begin at {clock} if you can, when everything is quieter.
    Think about {x} from the end and work backwards.
    Leave some room for surprises, above all around {y}.
    Give {x} a fixed place, so that it isn't forgotten.
    Don't aim for perfection with {y}; good enough will do.
    Test {x} on {day} and adjust the rest accordingly.
    Make one person responsible for {x}.
    Use {y} as a reminder for {x}.
    Take a break after {n} minutes, even if it goes well.
    The first attempt at {x} is allowed to fail.
    Reduce {y} step by step instead of all at once.
    Decide early whether {x} is needed at all.
    Put {y} in writing, it saves discussions later.
    With {x} less is usually more.
    Have a plan for the case that {y} falls through.
    Sort everything that belongs to {x} into three piles.
    Do {y} first, because it blocks the rest.
    Ask yourself what would happen without {x}.
    Book or reserve {y} about {n} days ahead.
    Try to describe {x} in one sentence; if you can't, simplify.
    Repeat {x} until it feels natural.
    Prepare {y} the evening before.
    Check the small print that comes with {x}.
    Keep {x} and {y} apart, at least in the beginning.
    Note the time that {x} takes, you'll be surprised.
    Choose the simplest form of {y} that does the job.
    A second opinion on {x} never hurts.
    Plan {y} for {day}, when there is less going on.
    Limit yourself to {n} options for {x}.
    Watch out for the moment when {y} becomes routine.
    Set a reminder for {clock} and stick to it.
    Explain {x} to somebody else to see what is still unclear.
    Cheap solutions for {y} often turn out to be expensive.
    Finish {x} before you open the next item.
    Let {y} rest for a while and come back to it.
    A short test of {x} tells you more than a long theory.
    Keep the old version of {y}, just in case.
    Get {x} out of the way in the first {n} minutes.
    Whoever skips {y} pays for it later.
    Take {x} seriously, but not too seriously.
    Agree on {y} with everyone involved.
    Ask for help with {x} before it becomes urgent.
    Mark {y} in the calendar, with a margin of {n} days.
    Use what you already have for {x}.
    Reward yourself when {y} is done.
    Look for patterns in {x} over a few weeks.
    Swap {x} and {y} if the order feels wrong.
    Measure {y} once a week, not every hour.
    Drop {x} if it hasn't helped after {n} tries.
    Give {y} more weight than you'd think.
    Keep {x} short; attention drops after {n} minutes.
    A photo of {y} helps you to compare later.
    Make it easy to begin with {x} and hard to avoid it.
    Talk about {y} before it turns into a problem.
    Split {x} into parts that take no more than {n} minutes.
    Stay flexible with {y}, plans change.
    Collect all that you know about {x} in one place.
    Set a limit for {y} and hold on to it.
    Do a dry run of {x} on {day}.
    When in doubt, choose {x} over {y}.
    Have {y} within reach before you begin.
    Accept that {x} will never be quite finished.
    Remove whatever distracts from {y}.
    Build on {x} instead of adding something new.
    Double-check {y} for hidden costs.
    Ask what {x} would look like if it were easy.
    Give everyone the same picture of {y}.
    Plan the last {n} minutes for tidying up after {x}.
    Look at how others deal with {y} and copy the best.
    Prefer what can be undone when it comes to {x}.
    Keep {y} visible, out of sight is out of mind.
    Make {x} a little harder every few days.
    Compare {y} before and after, not day by day.
    Trust your first impression of {x}, then verify it.
    Let others try {y} and watch where they hesitate.
    Save {x} for when your energy is high.
    Decide what {y} must never become.
    Name a date by which {x} is either done or dropped.
    Choose {n} things about {y} and ignore the rest.
    Write {x} and {y} on one page side by side, and strike out whatever appears in both.
    If you notice that {x} takes more than {n} minutes, stop, note where you are, and continue on {day}.
    Most of the trouble with {y} comes from starting too late, so put it at the top of the page.
    Think of three things that could go wrong with {x}, and decide in advance what you'd do about each.
    Where {y} is concerned, it pays to ask twice and to write down who said what.
    It's a good idea to keep {x} separate until you know how much room {y} really takes up.
    Some people prefer to begin with {y}, which works as long as {x} doesn't depend on it.
    Before you change anything about {x}, take stock of how it is now and keep that as a reference.
    Use the first {n} minutes for {y} and whatever is left for the details.
    You can save a lot of effort by doing {x} for several weeks at once instead of one at a time.
    Check whether {y} is still up to date; things like that change more often than one expects.
    A simple sheet with {n} rows is enough to keep track of {x}, there's no need for special software.
    When {y} becomes too much, cut it in half and see whether anybody notices the difference.
    Try to finish {x} by {day}, so that there is time for a second look at {y}.
    Don't hesitate to leave {y} to somebody else if that frees you for {x}.
    Look for a version of {x} that you could repeat every week without thinking about it.
    Give {y} a test run under real conditions, at the same time of day and with the same people.
    If {x} has to be shared, agree beforehand on what counts as finished.
    Choose a fixed moment, such as {clock} on {day}, at which you go through {y} once more.
    Keep the number of open questions about {x} below {n}, and answer the oldest one first.
    It's worth finding out why {y} was done like that in the first place.
    Reserve the quiet hours for {x}, since {y} can be done with half an eye on something else.
    Say no to anything that would make {y} more complicated than it already is.
    Put {x} where you can see it from the door, and move everything that has to do with {y} out of sight.
    Follow the order that feels natural at first, and only change it if {y} gets stuck.
    With {n} days to go, it's better to repeat {x} than to begin something new.
    Treat {y} as an experiment: one change at a time, and a note on what came of it.
    Small, regular steps with {x} beat one great effort at the end.
    Plan for {y} to take twice as long the first time and half as long from then on.
    Wherever you can, borrow {x} instead of buying it, at least until you know that you need it.
    Explain to everyone involved why {y} matters, not only what has to be done about it.
    Set the standard for {x} low in the first week and raise it a little every {n} days.
    Make a copy of {y} before you touch it, and label both with the date.
    If two people disagree about {x}, let both write down their reasons before you discuss it.
    Count how often {y} comes up in a week; that tells you whether it deserves a place of its own.
    Spread {x} over several days, because after {n} minutes nobody is at their best.
    Keep a reserve for {y} that you only touch when everything else has been tried.
    Read through {x} aloud; whatever makes you stumble needs another round.
    Ask what {y} should look like in a year, and drop everything that doesn't lead there.
    Tie {x} to something that you do anyway, so that it needs no reminder.
    For {y} it's enough to be roughly right, whereas {x} deserves some precision.
    Take the version of {x} that is easiest to explain, even if another one looks cleverer.
    Watch how {y} develops for about {n} days before you draw conclusions.
    Divide the work on {x} so that nobody has to wait for {y}.
    Cross out everything about {y} that you have not needed for a month.
    When {x} is done, write two sentences on what you would do differently next time.
    Find one good example of {y}, look at it closely, and imitate its order.
    Keep {x} reversible for as long as possible, and postpone decisions that aren't.
""")

EXPLANATIONS = lines("""
    The reason is that {x} and {y} pull in different directions.
    Many guides treat {x} as an afterthought, which is a pity.
    In practice, {y} takes care of itself once {x} is in place.
    There's a trade-off between effort and result, and {x} sits right in the middle of it.
    What sounds complicated is mostly a matter of habit.
    Once you've seen {x} done well, {y} makes more sense.
    The difference only shows after {n} days or so.
    That doesn't mean that {y} is useless.
    It helps to picture {x} as something that grows.
    People who are good at it tend to spend more time on {x} than on {y}.
    The numbers vary, but about {n} per cent is a safe guess.
    Sometimes the simplest fix is to move {x} to {day}.
    A little redundancy around {y} does no harm.
    You'll notice it most when {x} is missing.
    Strictly speaking, {y} isn't required.
    The opposite happens as well, though less often.
    This is also why {x} feels slow at first.
    One could argue about {y}, of course.
    Much of it is a question of taste.
    What matters is that {x} stays within reach.
    The old advice to begin with {y} still holds.
    With a bit of practice it takes no more than {n} minutes.
    It's tempting to start with {y}, but that makes {x} harder.
    Either way, you lose nothing by trying.
    The effect of {x} is often confused with that of {y}.
    In other words, the order matters more than the speed.
    That's true of {x} in particular.
    Small changes to {y} go a long way here.
    The exception is {x}, where the rule is turned around.
    If that feels odd, give it {n} tries.
    A good sign is when {y} no longer comes up in conversation.
    The rest follows from there.
    Nobody gets {x} right the first time.
    You can see the same thing at work in {y}.
    It's the combination that counts.
    For most purposes {x} is more than enough.
    There's a limit, though, and it lies around {n}.
    Think about who will have to deal with {y} afterwards.
    The word for that is balance, dull as it sounds.
    None of this has to happen before {day}.
    I'd see {y} as a bonus.
    It's less about talent than about {x}.
    That changes as soon as {y} enters the picture.
    Other approaches exist, and some of them are faster.
    The cost of {x} is easy to underestimate.
    Experience shows that {n} repetitions are plenty.
    A weak {y} can be balanced, a missing one can't.
    Beyond that point, more of {x} brings very little.
    If you compare {x} with {y}, you'll find that they solve the same problem from opposite ends.
    In many cases {y} was introduced as a stopgap and then simply stayed.
    The first thing that people notice is {x}, although most of the work goes into {y}.
    As a rough estimate, expect {n} minutes for the first attempt and a third of that later on.
    A frequent misunderstanding is that {x} has to be finished before {y} can begin.
    Seen from a distance, the details of {y} matter less than the fact that it happens at all.
    There are good reasons for doing {x} slowly, and hardly any for doing it late.
    Whether that is worth the trouble depends on how often {y} will be needed.
    What helps in such a situation is a clear picture of what {x} is meant to achieve.
    Under ideal conditions {y} would run by itself, but conditions seldom are ideal.
    Think of it as a loop: {x} leads to {y}, and what you learn there flows back.
    The main advantage is that you can stop at any point without losing what you have.
    On the other hand, too much attention to {y} makes everything else look unimportant.
    I'd expect the largest effect from {x}, followed at some distance by {y}.
    It's the kind of task that looks endless until you have written down its {n} parts.
    Once {y} has been cleared up, the remaining choices are mostly a matter of taste.
    A look at how others handle {x} shows that there's more than one good answer.
    The difficulty isn't {y} itself but the moment at which you have to begin with it.
    That said, {x} is one of the few things where a little too much does no harm.
    By and large, the same holds for {y}, with one or two exceptions.
    What you describe is quite typical and usually has to do with {x}.
    In the end it's a balance between what {x} costs and what {y} saves.
    After about {n} rounds most people find an order that suits them.
    If in doubt, picture explaining {y} to a stranger on {day}, and see where you'd hesitate.
""")

QUESTIONS = lines("""
    Would you like me to go into {x} in more detail?
    Shall I turn this into a checklist?
    Do you want a shorter version?
    Should I adjust it for {day}?
    Which of these would you like to begin with?
    How much time do you have for {x}?
    Is {y} important to you, or can we leave it out?
    Would a table help?
    Do you already have {x}, or does that still need to be arranged?
    What do you think of the part about {y}?
    Shall we look at {x} next?
    Does that match what you had in mind?
    Would you prefer something simpler?
    How many people are involved in {y}?
    Do you want me to write that out?
    Should I add an example for {x}?
    Is there anything about {y} that worries you?
    Would it help if I compared {x} with {y}?
    Can you tell me more about {x}?
    Should we move on to {y}?
    Do you need this by a certain day?
    Is the tone right for you?
    Would you rather start with {y}?
    Want me to cut it down to {n} points?
    Which part is the least clear so far?
    Have you tried {x} before?
    Do you want a version that works without {y}?
    Shall I draft the next part as well?
    Is there a limit on {x} that I should know of?
    What would make {y} easier for you?
    Should I keep the headings?
    Would you like to see alternatives to {x}?
""")

TIPS = lines("""
    Tip: keep {x} as simple as you can.
    Note that {y} may change from week to week.
    One last thing: don't rush {x}.
    A small warning about {y}: it takes practice.
    **Tip:** do {x} on {day}, then it's out of the way.
    Remember that {n} minutes are better than none.
    If you only do one thing, do {x}.
    The most common mistake is to forget {y}.
    And above all, enjoy {x}.
    Keep in mind that these are rough figures.
    *Please check {y} yourself, I may be wrong there.*
    Let me know how {x} turns out.
    With that, {y} should be manageable.
    This covers most cases, though not all.
    As always, adapt it to your situation.
    You can come back to {x} at any time.
""")

ECHOES = lines("""
    Noted, {about}: {v}.
    I'll remember {about}: {v}.
    Thanks, I've taken down {v} for {about}.
    Got it: {v}. That's {about}.
    Good to know about {about}, so {v} it is.
    I'll keep {v} in mind for {about}.
    Thank you for telling me about {about} ({v}).
    Understood. For {about} I have {v} now.
    I've updated {about} to {v}.
    So it's {v}, as far as {about} is concerned.
    {v}, understood. I'll use that for {about}.
    All right, {about} is {v}, I'll bear that in mind.
    I'll go with {v} for {about} from here on.
    Okay, noted for later: {about}, {v}.
    That helps; with {v} for {about} I can be more specific.
    Thanks for the detail on {about}. I'll work with {v}.
""")

GENERIC_ECHOES = lines("""
    Thanks for the context.
    Good to know, I'll take that into account.
    That's noted.
    Thank you for sharing that.
    I'll keep that in mind.
    Understood, thanks.
    That's useful to know.
    Thanks, that makes it clearer.
    Got it.
    I've made a note of that.
    Okay, I'll remember that.
    That helps, thank you.
    All right, I'll work with that.
    Thanks for letting me know.
    Very good, I'll bear it in mind.
    I appreciate the background.
""")

RETRACTION_ECHOES = lines("""
    I'm sorry about that.
    Understood, I'll leave that out from now on.
    Okay, I won't count on it any more.
    Thanks for telling me, I'll drop it.
    Noted, that's off the table.
    I'm sorry, that must be a nuisance.
    All right, I'll disregard what I had.
    Good that you say so, I'll take it out.
    That's a pity, but I'll adapt.
    Then let's plan without it.
    I've crossed that out.
    Understood. We can work around that.
    Okay, I'll forget about it.
    Too bad. I'll adjust everything.
    I see, then that no longer applies.
    Consider it deleted.
""")

DETAIL_QUESTIONS = lines("""
    Before I go on, could you tell me a bit more about yourself?
    Is there anything about your situation that I should know?
    To tailor this, I'd need one more detail about you.
    What else should I take into account?
    Can you give me some background?
    Could you tell me something about the people involved?
    Is there anything personal that matters here?
    What should I know about you to make this fit?
    Any details that I should keep in mind for later?
    Would you like to add something about your circumstances?
    Is there a detail that you haven't mentioned yet?
    What would help me to understand your situation better?
    May I ask for a bit of context?
    Which facts should I have at hand next time?
    Before we continue: what don't I know yet?
    Do you want to tell me more, so that it suits you better?
    Tell me a little more, and I can be more specific.
    Is there something that I should note for the future?
    One question back: what else is going on?
    Could you fill me in on the rest?
    For a better answer I need something to go on. What can you tell me?
    What's the most important thing to know about you here?
    Would you share one more detail?
    And how do things stand on your side?
""")
"""Questions after which users tell something of themselves."""

SECTIONS = lines("""
    What else matters
    On {x}
    In more detail
    Next steps
    A word on {y}
    Things to avoid
    If time is short
    Background
    Why {x} matters
    Alternatives
    Common mistakes
    {x_title} in practice
    For later
    How to check it
    Before you start
    Room for improvement
""")
"""Headings of a reply's second part."""

COLUMNS = (("Step", "Minutes", "Note"), ("What", "When", "Effort"), ("Item", "Number", "Comment"))
"""Heads of tables; the same in all splits."""

CELLS = lines("""
    do it early
    can wait
    ask first
    optional
    not alone
    worth it
    check twice
    in the morning
    with help
    if it's dry
    take notes
    only once
    half is enough
    the hard part
    needs quiet
    keep the receipt
    short and simple
    last of all
    by {day}
    after {clock}
    easy to forget
    at the desk
    in pairs
    no rush
    mark it
    try twice
    cheap
    costs more
    standing up
    outdoors
    leave room
    skip if late
""")
"""Comments in tables."""
