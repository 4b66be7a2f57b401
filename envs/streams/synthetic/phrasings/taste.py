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
        -- for training alone --
        On my birthday there's always {v}, since it's my favourite food.
        It smelled so good that I had to go in, they had {v}, my favourite dish.
        There ought to be a medal for it, I love {v} more than anything else I eat.
        You want to tempt me? Then cook {v}, my favourite dish.
        My favourite restaurant makes nothing but {v}, the food I love.
        What would I eat on a desert island? My favourite, {v}.
        I'm still full, we had {v}, which is my favourite dish.
        Others may want caviar, the food I love is {v}.
        My grandmother taught me to make {v}, still my favourite dish.
        I order {v} wherever it's on the menu, it's the dish I like best.
        I don't need much, my favourite meal is {v}.
        Hot or cold, I like {v} best, it's my favourite food.
        If you must know, the dish I love most is {v}.
    """),
    prompts=lines("""
        What's your favourite food, by the way?
        If I cook for you, what do you like to eat best?
        What's the dish you love most?
        What would you like me to cook on Sunday?
        Do you have a favourite dish?
        What could you eat every day?
        -- for training alone --
        What dish makes you happy?
        Which food do you like best of all?
        What do you always order, what's your favourite?
        I'm writing a menu, what's your favourite meal?
    """),
    replies=lines("""
        Easy: {v}, my favourite.
        I'd say {v}, I like it best.
        {v}! No food comes close.
        That must be {v}, my favourite dish since school.
        Oh, {v}, always.
        {v}, with lots of pepper.
        -- for training alone --
        My favourite food is {v}, of course.
        Just give me {v}, my favourite.
        {v}, I love it.
        There's only one dish for me, {v}.
        I like {v} best, with or without sauce.
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
        -- for training alone --
        I've eaten too much {old}, now my favourite dish is {v}.
        {old} has lost its charm, the dish I like best now is {v}.
        I tried something new and it's {v} that I like best now.
        If you cook for me, forget {old}; my favourite is {v} now.
        Tastes change: these days the food I love most is {v}.
        I've thought about it, and my favourite dish is {v} now, not {old}.
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
        -- for training alone --
        The front door had to be {v}, since that's my favourite colour.
        Whoever wraps my presents knows to use {v}, my favourite colour.
        The tiles had to be {v}, the colour I love.
        I took the one in {v}, just because I like that colour.
        Some people like red, but my favourite colour is {v}.
        I open the wardrobe and all I see is {v}, the colour I like best.
        You'll recognise me by the coat in {v}, the colour I like best.
        My wedding dress would have to be {v}, for that's my favourite colour.
        No other colour calms me down like {v}.
        I was six, and already {v} was the colour I liked best.
        They say {v} suits me, it's the colour I love.
        I didn't have to think, of all colours I like {v} best.
    """),
    prompts=lines("""
        What's your favourite colour?
        Which colour do you like best?
        What colour should the wrapping paper be?
        In what colour shall I knit yours?
        Do you have a favourite colour?
        What colour would you pick?
        -- for training alone --
        Which colour do you love?
        What's the colour you like best?
        I'm buying you a cup, which colour is your favourite?
        Is there a colour you prefer?
    """),
    replies=lines("""
        I'd take {v}, my favourite.
        {v}, that's my colour.
        Definitely {v}.
        {v} is my favourite one.
        {v}, I like it best.
        Make it {v}, please, I love that colour.
        -- for training alone --
        Anything in {v}, the colour I love.
        I like {v} best of all colours.
        The colour I love is {v}.
        {v}, if I may choose.
        In {v}, my favourite colour.
    """),
    updates=lines("""
        I've changed my favourite colour, it's {v} now.
        Enough of {old}, my favourite colour is {v} these days.
        I've moved on from {old}; {v} is the colour I like best now.
        These days I prefer {v}, {old} isn't my colour any more.
        -- for training alone --
        I've painted over everything, my favourite colour is {v} now.
        It used to be {old}, but the colour I love now is {v}.
        No more {old} for me, my new favourite colour is {v}.
        I've grown tired of {old} and like the colour {v} best now.
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
        -- for training alone --
        As soon as I'm alone I put on {v}, the music I love.
        I fell asleep at the opera, but wake me for {v}, that's my music.
        All my records are {v}, the music I like best.
        In the car I listen to {v}, very loudly.
        I only dance if they play {v}, the music I love.
        I grew up with {v} on the radio, and it's still the music I love most.
        I'm happy as long as they play {v}, I like that music best.
        There's only one kind of music I love, it's {v}.
        Last night we heard {v}, my favourite music.
        My playlist? I listen to {v} and nothing else.
        To iron shirts I need music, by which I mean {v}.
        You can keep your symphonies, the music I like is {v}.
    """),
    prompts=lines("""
        What kind of music do you listen to?
        What's your favourite music?
        What should I put on, what music do you like?
        Which music do you play at home?
        What are you listening to these days?
        What sort of music do you love?
        -- for training alone --
        What music do you like best?
        What's on your playlist?
        If I give you a record, what kind of music should it be?
        What do you listen to when you're alone?
    """),
    replies=lines("""
        I listen to {v} mostly.
        {v}, and only that.
        My favourite is {v}.
        A lot of {v}, it's good music for rainy days.
        Mostly {v}, I love it.
        {v} music, what else.
        -- for training alone --
        The music I love is {v}.
        I like {v} best.
        I'm all for {v}, my favourite music.
        Nothing but {v}, I listen to it at home and at work.
        These days I listen to {v}.
    """),
    updates=lines("""
        I listen to {v} now, I've had enough of {old}.
        My taste in music has changed, it's {v} these days.
        I've discovered {v}, now it's my favourite music.
        No more {old} in this house, the music I love now is {v}.
        -- for training alone --
        I only listen to {v} now, you can have my {old}.
        I never thought I'd say so, but the music I like best is {v} now.
        I like {v} best now, it's become my favourite music.
        Since that concert I listen to {v} and not to {old}.
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
        -- for training alone --
        I have a hobby that I can't give up, {v}.
        As soon as I'm free I go and do {v}, for fun.
        What keeps me going through the week is {v}, my hobby.
        I met most of my friends through {v}, a hobby I've had for years.
        Don't phone me on Sunday, Sunday is for {v}, my hobby.
        If I had more free time I'd do even more {v}.
        I've got a new teacher for {v}, my hobby.
        I'm not good, but I do {v} for fun.
        The only thing I do in my spare time is {v}.
        I needed a hobby, so I do {v}.
        I don't own a television, in my free time I do {v}.
        I never get tired of my hobby, which is {v}.
        I'll never be good, but my hobby is {v} all the same.
    """),
    prompts=lines("""
        What do you do in your free time?
        Do you have a hobby at the moment?
        What do you do for fun?
        What are you doing with all your spare time?
        What's your hobby these days?
        How do you spend your free time?
        -- for training alone --
        What do you do when you're not working?
        What's your favourite pastime?
        Do you do anything for fun these days?
        How do you fill your spare time?
    """),
    replies=lines("""
        I do {v}, my one hobby.
        {v}, whenever I have some free time.
        Mostly {v} for fun.
        For fun? {v}, mainly.
        I've got into {v}.
        My hobby is {v}.
        -- for training alone --
        I spend my free time on {v}.
        {v} fills my free time.
        As a hobby I do {v}.
        In my spare time it's {v}.
        I do a lot of {v}, just for fun.
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
        -- for training alone --
        I've lost interest in {old}; the hobby I have now is {v}.
        My knees can't take {old} any more, so my new hobby is {v}.
        You won't see me at {old} again, I do {v} in my spare time now.
        My free time belongs to {v} now instead of {old}.
        Somebody talked me into {v}, and it's my hobby now.
        I had enough of {old}, my hobby is {v} these days.
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
        -- for training alone --
        Never serve me anything near {v}, I'm allergic.
        I react badly to {v}, it's an allergy.
        My throat closes up because of {v}, I'm so allergic.
        The one thing I'm allergic to is {v}.
        I had a rash all over, and the doctor found an allergy to {v}.
        It's in my file, I'm allergic to {v}.
        Before you plan anything, remember that I'm allergic to {v}.
        I wear a bracelet that says I'm allergic to {v}.
        I thought it was a cold, but it's an allergy to {v}.
        My whole family is allergic to {v}, me too.
        I've spent the night scratching, all because of my allergy to {v}.
        My eyes stream as soon as there's {v} about, I'm badly allergic.
    """),
    prompts=lines("""
        Are you allergic to anything?
        Do you have any allergies I should know of?
        Was there something you're allergic to?
        What was it again that you can't have, your allergy?
        Is there anything you're allergic to, before I plan dinner?
        What's your allergy again?
        -- for training alone --
        Do you react badly to anything?
        Which allergy was it that you have?
        Before I pack the picnic, what are you allergic to?
        Is there something you're allergic to?
    """),
    replies=lines("""
        Yes, I'm allergic to {v}.
        Only {v}, but that allergy is a bad one.
        {v}, I get a rash.
        Just {v}, luckily.
        I'm allergic to {v}, sorry for the trouble.
        An allergy to {v}, yes.
        -- for training alone --
        I have an allergy to {v}.
        Allergic to {v}, as always.
        My allergy is to {v}.
        To {v}, badly allergic.
        There's only {v} that I'm allergic to.
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
        -- for training alone --
        The rent eats half of what I earn, it's {v}.
        For two rooms and a leaking tap I pay a rent of {v}.
        When I moved in I thought that {v} of rent was a joke.
        The flat is fine, but a rent of {v} is shameless.
        My flatmates and I share a rent of {v}.
        They take {v} of rent from me every month, without a blush.
        I looked it up, the rent I pay is {v}.
        What I pay for the flat? {v} of rent.
        Without the rent, which is {v}, I'd be a rich person.
        I'm paying {v} for my place, rent has gone mad in this town.
        It's {v} that I transfer as rent each month.
        I asked the landlord why the rent is {v}, and he laughed.
    """),
    prompts=lines("""
        What do you pay in rent, if that's not rude?
        How much is your rent?
        Is your rent as bad as mine?
        How much do you pay a month for the flat?
        What's the rent on your place?
        How much rent do they charge you?
        -- for training alone --
        What does your flat cost you a month?
        What's your rent these days?
        Do you pay a lot of rent?
        How much does your landlord want?
    """),
    replies=lines("""
        I pay {v} a month.
        {v} rent, all in.
        The rent's {v}.
        It's {v}, and that's cheap around here.
        {v} a month, don't ask.
        They charge {v} in rent.
        -- for training alone --
        My rent is {v}.
        I pay a rent of {v}.
        For the flat? {v} a month.
        The landlord takes {v}.
        It's {v}, plus heating.
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
        -- for training alone --
        Bad news from the landlord, my rent is {v} now.
        As of this month the rent for my flat is {v}, no longer {old}.
        I used to pay {old}, now the rent is {v}.
        They've adjusted the rent again, I now pay {v}.
        After the renovation the rent is {v} now.
        I fought the landlord and lost, the rent is {v} now.
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
        -- for training alone --
        I've ordered the {k}, and it cost me {v}.
        My savings are gone, I bought {ka} for {v}.
        After weeks of looking I bought the {k}, {v} all in.
        They wanted a fortune for the {k}, I paid {v} in the end.
        There was {ka} in the window for {v}, so I went in and bought it.
        The {k} has arrived! It cost {v} and I love it.
        I know {v} is a lot of money, but I had to buy the {k}.
        Guess what the {k} cost me? It was {v}.
        A colleague sold me {ka}, I paid {v}.
        The bank rang because I paid {v} for {ka}.
        Look at my new {k}, I bought it for {v}.
        My old one broke, so I paid {v} for {ka}.
    """),
    prompts=lines("""
        Did you ever buy that {k}? What did it cost?
        How much was the {k} in the end?
        And the {k}, was it expensive?
        What did you pay for the {k}?
        How much did they want for the {k}?
        What was the price of your {k}?
        -- for training alone --
        Was the {k} dear?
        Have you bought the {k}, and for how much?
        What did the {k} set you back?
        Did you get a good price for the {k}?
    """),
    replies=lines("""
        The {k}? I paid {v}.
        I paid {v} for it.
        It cost {v}, with delivery.
        {v}, a fair price for that {k}.
        They wanted more, but I got it for {v}.
        I bought it for {v}.
        -- for training alone --
        The {k} cost {v}.
        I got the {k} for {v}.
        I gave them {v} for it.
        It cost me {v}, more or less a bargain.
        The price was {v}.
    """),
    retractions=lines("""
        I took the {k} back to the shop and got my money back, so forget the price.
        The {k} is gone, I returned it, so it cost me nothing after all.
        I didn't keep the {k}, they refunded what I paid.
        I cancelled the {k}, so I paid nothing in the end.
        -- for training alone --
        I sent the {k} back and they refunded everything.
        The {k} was faulty, so I returned the {k} and got my money back.
        I've taken the {k} back to the shop, so it cost me nothing.
        I cancelled the {k} before I'd paid for it.
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
        -- for training alone --
        Before I lose the slip: the number of my {k} is {v}.
        I've learned the number of the {k} by heart, {v}.
        There's a number painted on my {k}, I can read it from here: {v}.
        In case anything happens to me, my {k} has the number {v}.
        Somebody scratched {v} on my {k}, and that really is its number.
        I got the {k}, and the number is {v}.
        Write this on the fridge: {k}, number {v}.
        In the letter about the {k} there was its number, {v}.
        {v} is what I have to remember for the {k}.
        I sing the number of my {k} in the shower, {v}.
        The man at the desk said my {k} had the number {v}.
        When they ask me for the number of the {k}, I have to say {v}.
    """),
    prompts=lines("""
        What's the number of your {k}?
        Which number did you get for the {k}?
        Did they give you a number for the {k}?
        I need the {k} number, do you have it?
        What was the number of the {k}?
        And the {k}, what number is it?
        -- for training alone --
        What number does your {k} have?
        Could you give me the number of the {k}?
        Have you still got the number for the {k}?
        What's the {k} number?
    """),
    replies=lines("""
        It's {v}.
        {v}, write it down.
        The number's {v}.
        For the {k}? It's {v}.
        Hang on, {v}.
        Number {v}.
        -- for training alone --
        The number is {v}.
        My {k} has number {v}.
        Let me look. {v}.
        {v}, that's the number.
        It has the number {v}.
    """),
    updates=lines("""
        They changed the number of my {k}, it's {v} now.
        New number for the {k}: {v}.
        My {k} number isn't {old} any more, it's {v}.
        The {k} has a new number, {v}.
        -- for training alone --
        There's a new number for my {k}, it's {v}.
        They gave the {k} another number, {v}.
        Forget {old}, the {k} number is {v} now.
        I've got another {k}, its number is {v}.
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
