"""Phrasings of facts about the speaker's tastes, health, money and numbers."""

from __future__ import annotations

from .attributes import Attribute, Scope
from .partition import lines

FOOD = Attribute(
    "food",
    Scope.SELF,
    "taste",
    "dish",
    about="my favourite dish",
    states=lines("""
        My favourite dish is {v}, I could eat it every day.
        Nothing beats {v}, that's my favourite food by far.
        If I could eat only one food for ever, it would be {v}.
        I have a weakness for {v}, it's my favourite.
        I love {v} more than any other dish.
        I'd walk ten miles to eat good {v}, my favourite.
        When I'm sad I eat {v}, it never fails, my favourite food.
        There's no food I like better than {v}.
        Give me {v} and I'm happy; it's my favourite dish.
        For my last meal I'd eat {v}, no question.
        Of all dishes I like {v} best.
        {v} is my all-time favourite food, sorry.
    """),
    prompts=lines("""
        What's your favourite food, by the way?
        If I cook for you, what do you like to eat best?
        What's the dish you love most?
        What would you like me to cook on Sunday?
        Do you have a favourite dish?
        What could you eat every day?
    """),
    replies=lines("""
        Easy: {v}, my favourite.
        I'd say {v}, I like it best.
        {v}! No food comes close.
        That must be {v}, my favourite dish since school.
        Oh, {v}, always.
        {v}, with lots of pepper.
    """),
    updates=lines("""
        I've gone off {old}, my favourite dish is {v} now.
        My new favourite food is {v}, I eat it twice a week.
        I used to love {old}, but these days I like {v} best.
        I have a new favourite dish: {v}.
        It's all about {v} now, {old} isn't my favourite any more.
        I can't eat {old} any more, {v} is my favourite food now.
        Since that holiday my favourite dish is {v}.
        Nothing against {old}, but {v} is the food I love now.
    """),
    questions=lines("""
        What is {who}'s favourite food?
        Which dish does {who} like best?
        What is {who}'s favourite dish?
        What food does {who} love most?
        Which food is {who}'s favourite?
        What does {who} like to eat best?
        What would {who} rather eat than any other dish?
        Which dish is {who}'s favourite these days?
    """),
)

COLOUR = Attribute(
    "colour",
    Scope.SELF,
    "taste",
    "colour",
    about="my favourite colour",
    states=lines("""
        My favourite colour is {v}, even my toothbrush has it.
        We painted the hall {v}, my favourite colour.
        I only buy clothes in {v}, it's my favourite colour.
        {v} is the colour I like best.
        If it comes in {v} I'll buy it, such a lovely colour.
        I've loved {v} since I was little, it's just my colour.
        My colour is {v}, always has been my favourite.
        There's no nicer colour than {v} in my eyes.
        I knitted a scarf in {v}, my favourite colour.
        I'd have the whole flat in {v} if I could choose the colour.
        Everything I own is {v}, I like that colour too much.
        Why is nothing ever {v}, the best colour there is?
    """),
    prompts=lines("""
        What's your favourite colour?
        Which colour do you like best?
        What colour should the wrapping paper be?
        In what colour shall I knit yours?
        Do you have a favourite colour?
        What colour would you pick?
    """),
    replies=lines("""
        I'd take {v}, my favourite.
        {v}, that's my colour.
        Definitely {v}.
        {v} is my favourite one.
        {v}, I like it best.
        Make it {v}, please, I love that colour.
    """),
    updates=lines("""
        I've changed my favourite colour, it's {v} now.
        Enough of {old}, my favourite colour is {v} these days.
        I've moved on from {old}; {v} is the colour I like best now.
        These days I prefer {v}, {old} isn't my colour any more.
    """),
    questions=lines("""
        What is {who}'s favourite colour?
        Which colour does {who} like best?
        What colour does {who} love?
        Which colour is {who}'s favourite?
        What colour would {who} choose?
        What is the colour that {who} likes best?
        What is the favourite colour of {who}?
        Which colour does {who} prefer?
    """),
)

MUSIC = Attribute(
    "music",
    Scope.SELF,
    "taste",
    "genre",
    about="my taste in music",
    states=lines("""
        I listen to {v} all day, no other music comes close.
        My favourite music is {v}, the louder the better.
        I've got {v} on while I cook, the best music there is.
        Put on some {v} and I'll listen for hours.
        When it comes to music I'm a {v} person.
        I love {v}, it's the only music I listen to.
        The music I like best is {v}.
        I can't work without music, usually {v}.
        My headphones know nothing but {v}, my favourite music.
        I've been listening to a lot of {v}, it's my kind of music.
        My neighbours suffer, I play {v} every evening, lovely music.
        For me music means {v}, the rest is noise.
    """),
    prompts=lines("""
        What kind of music do you listen to?
        What's your favourite music?
        What should I put on, what music do you like?
        Which music do you play at home?
        What are you listening to these days?
        What sort of music do you love?
    """),
    replies=lines("""
        I listen to {v} mostly.
        {v}, and only that.
        My favourite is {v}.
        A lot of {v}, it's good music for rainy days.
        Mostly {v}, I love it.
        {v} music, what else.
    """),
    updates=lines("""
        I listen to {v} now, I've had enough of {old}.
        My taste in music has changed, it's {v} these days.
        I've discovered {v}, now it's my favourite music.
        No more {old} in this house, the music I love now is {v}.
    """),
    questions=lines("""
        What music does {who} like best?
        What kind of music does {who} listen to?
        Which music is {who}'s favourite?
        What is {who}'s favourite music?
        What sort of music does {who} love?
        Which kind of music does {who} like?
        What music does {who} listen to these days?
        What is the music that {who} loves?
    """),
)

HOBBY = Attribute(
    "hobby",
    Scope.SELF,
    "hobby",
    "hobby",
    about="my hobby",
    states=lines("""
        In my free time I do {v}, it keeps me sane.
        I've taken up {v} as a hobby, and I'm terrible at it.
        My hobby is {v}, I spend all my spare time on it.
        My weekends belong to {v}, my only hobby.
        {v} is what I do for fun.
        When I'm not at work it's {v} for me, all my free time.
        I'm mad about {v}, that's the hobby I'd miss most.
        I've been doing {v} in my spare time.
        Everybody needs a hobby, mine is {v}.
        I go for {v} every free afternoon I get.
        All my spare time goes into {v}.
        Did I mention that {v} is my hobby?
    """),
    prompts=lines("""
        What do you do in your free time?
        Do you have a hobby at the moment?
        What do you do for fun?
        What are you doing with all your spare time?
        What's your hobby these days?
        How do you spend your free time?
    """),
    replies=lines("""
        I do {v}, my one hobby.
        {v}, whenever I have some free time.
        Mostly {v} for fun.
        For fun? {v}, mainly.
        I've got into {v}.
        My hobby is {v}.
    """),
    updates=lines("""
        I've given up {old}, my hobby is {v} now.
        I've got a new hobby: {v}.
        {v} has replaced {old} as my hobby.
        I do {v} in my free time now, {old} got boring.
        My spare time goes into {v} these days, not {old}.
        I swapped {old} for {v}, best hobby I ever had.
        I sold all my things for {old} and do {v} for fun now.
        There's a new hobby in my life, it's {v}.
    """),
    questions=lines("""
        What is {who}'s hobby?
        What does {who} do in the free time?
        What does {who} do for fun?
        Which hobby does {who} have?
        How does {who} spend the free time?
        What does {who} do in the spare time?
        Which hobby is {who}'s at the moment?
        On what does {who} spend spare time?
    """),
)

ALLERGY = Attribute(
    "allergy",
    Scope.SELF,
    "health",
    "allergen",
    about="my allergy",
    states=lines("""
        I'm allergic to {v}, it's no fun at all.
        I can't be anywhere near {v}, I'm allergic.
        My allergy is {v}, so I always ask twice.
        I carry tablets everywhere, I'm allergic to {v}.
        It turns out I'm allergic to {v}.
        Since I was six I've had an allergy to {v}.
        {v} makes my face swell up, I have an allergy.
        The doctor says I'm allergic to {v}.
        With my allergy I have to stay away from {v}.
        I ended up in hospital once because of {v}, it's a serious allergy.
        They tested me, and {v} is what I'm allergic to.
        Because I'm allergic to {v} I read every label.
    """),
    prompts=lines("""
        Are you allergic to anything?
        Do you have any allergies I should know of?
        Was there something you're allergic to?
        What was it again that you can't have, your allergy?
        Is there anything you're allergic to, before I plan dinner?
        What's your allergy again?
    """),
    replies=lines("""
        Yes, I'm allergic to {v}.
        Only {v}, but that allergy is a bad one.
        {v}, I get a rash.
        Just {v}, luckily.
        I'm allergic to {v}, sorry for the trouble.
        An allergy to {v}, yes.
    """),
    questions=lines("""
        What is {who} allergic to?
        Which allergy does {who} have?
        To what is {who} allergic?
        What allergy has {who} got?
        What kind of allergy does {who} have?
        What must {who} avoid because of an allergy?
        What is {who}'s allergy?
        What is it that {who} is allergic to?
    """),
)

RENT = Attribute(
    "rent",
    Scope.SELF,
    "money",
    "rent",
    about="my rent",
    states=lines("""
        I pay {v} a month in rent, heating not included.
        The rent for my place is {v}, would you believe it.
        My landlord wants {v} rent for a kitchen without a window.
        {v} a month for rent, and the window still doesn't close.
        Every month {v} goes on rent.
        I get by, but {v} rent is a lot of money.
        My rent is {v} a month.
        With a rent of {v} I can't save a thing.
        I pay {v} rent and I can hear the neighbours sneeze.
        On the first of the month {v} rent leaves my account.
        Rent is {v}, electricity comes on top.
        You'd laugh at my rent, it's {v}.
    """),
    prompts=lines("""
        What do you pay in rent, if that's not rude?
        How much is your rent?
        Is your rent as bad as mine?
        How much do you pay a month for the flat?
        What's the rent on your place?
        How much rent do they charge you?
    """),
    replies=lines("""
        I pay {v} a month.
        {v} rent, all in.
        The rent's {v}.
        It's {v}, and that's cheap around here.
        {v} a month, don't ask.
        They charge {v} in rent.
    """),
    updates=lines("""
        They've put up my rent, I pay {v} now.
        My rent went from {old} to {v}, just like that.
        The rent is {v} from this month on.
        My landlord changed the rent to {v}.
        New rent: {v} a month, the letter came today.
        I now pay {v} in rent instead of {old}.
        A letter from the landlord: the rent goes to {v}.
        Instead of {old} the rent is {v} now.
    """),
    questions=lines("""
        How much rent does {who} pay?
        What is {who}'s rent?
        What does {who} pay in rent?
        How much is the rent of {who}'s place?
        How high is {who}'s monthly rent?
        What rent does {who} pay a month?
        How much does {who} pay for rent each month?
        What rent does {who}'s landlord charge?
    """),
)

PURCHASE = Attribute(
    "purchase",
    Scope.SELF,
    "money",
    "price",
    about="the price of the {k}",
    key_pool="item",
    states=lines("""
        I bought {ka} for {v}, second hand.
        I paid {v} for the {k}, and it was worth it.
        The {k} cost me {v}, don't tell anyone.
        I finally bought {ka}; {v}, but I'd saved up.
        {v} I paid for {ka}, I must be mad.
        I found {ka} online, {v} including delivery, and bought it.
        The new {k} was {v}, I got a discount.
        I treated myself and bought {ka} for {v}.
        We bought the {k} in the end, it cost {v}.
        I gave the man {v} for his old {k}.
        I got {ka} at the market and paid {v}.
        For {v} I bought {ka}, it was the last one.
    """),
    prompts=lines("""
        Did you ever buy that {k}? What did it cost?
        How much was the {k} in the end?
        And the {k}, was it expensive?
        What did you pay for the {k}?
        How much did they want for the {k}?
        What was the price of your {k}?
    """),
    replies=lines("""
        The {k}? I paid {v}.
        I paid {v} for it.
        It cost {v}, with delivery.
        {v}, a fair price for that {k}.
        They wanted more, but I got it for {v}.
        I bought it for {v}.
    """),
    retractions=lines("""
        I took the {k} back to the shop and got my money back, so forget the price.
        The {k} is gone, I returned it, so it cost me nothing after all.
        I didn't keep the {k}, they refunded what I paid.
        I cancelled the {k}, so I paid nothing in the end.
    """),
    questions=lines("""
        How much did {who} pay for the {k}?
        What did the {k} cost {who}?
        How much did {who}'s {k} cost?
        What was the price of {who}'s {k}?
        What did {who} pay for the {k}?
        For how much did {who} buy the {k}?
        How expensive was the {k} that {who} bought?
        What price did {who} pay for the {k}?
    """),
)

CODE = Attribute(
    "code",
    Scope.SELF,
    "number",
    "code",
    about="the number of my {k}",
    key_pool="code_thing",
    states=lines("""
        The number for my {k} is {v}, in case I forget it.
        {v} is my {k} number, remember it for me.
        My {k} has the number {v}.
        I keep forgetting the number of my {k}; it's {v}.
        If you need to get in, the {k} number is {v}.
        They gave me number {v} for the {k}.
        My {k} is number {v}, near the entrance.
        For the {k} you need {v}, that's the number.
        Note to self: {k}, {v}.
        Can you write down a number? {k}, {v}.
        My {k} got a number at last, {v}.
        The number on my {k} is {v}, nothing easy to remember.
    """),
    prompts=lines("""
        What's the number of your {k}?
        Which number did you get for the {k}?
        Did they give you a number for the {k}?
        I need the {k} number, do you have it?
        What was the number of the {k}?
        And the {k}, what number is it?
    """),
    replies=lines("""
        It's {v}.
        {v}, write it down.
        The number's {v}.
        For the {k}? It's {v}.
        Hang on, {v}.
        Number {v}.
    """),
    updates=lines("""
        They changed the number of my {k}, it's {v} now.
        New number for the {k}: {v}.
        My {k} number isn't {old} any more, it's {v}.
        The {k} has a new number, {v}.
    """),
    questions=lines("""
        What is the number of {who}'s {k}?
        Which number does {who}'s {k} have?
        What number did {who} get for the {k}?
        What is {who}'s {k} number?
        Which number belongs to {who}'s {k}?
        What number is {who}'s {k}?
        What number did {who} give for the {k}?
        Which number does {who} need for the {k}?
    """),
)
