"""What is in the shop when it opens for the first time. Sowing twice adds nothing.

The rows of the past are written as they would stand there now: saying them would say them today, and tell everybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from django.contrib.auth.models import Permission, User
from django.core.management.color import no_style
from django.db import connection, transaction
from django.utils import timezone

from consult.models import Conversation, Message, Schedule, Take, Visitor
from consult.orders import Source
from example_shop import invited, waited
from example_shop.models import Order, OrderLine, Product

PASSWORD = "consult"  # noqa: S105  (everybody in the demo has it, and the demo says so)
FIRST_ORDER = 1042

ACCOUNTS = {
    "operator": "answers at the desk",
    "colleague": "answers at the desk",
    "manager": "sees everything, reads reports, corrects orders",
    "anna": "a customer of the shop",
}
NAMES = {
    "operator": ("Olga", "Berg"),
    "colleague": ("Colin", "Frey"),
    "manager": ("Mara", "Lindt"),
    "anna": ("Anna", "Sommer"),
}
OPERATES = ["answer_conversation", "view_conversation", "view_order", "add_order", "view_product", "view_user"]
MANAGES = [
    *OPERATES,
    "view_all_conversations",
    "view_reports",
    "manage_invitations",
    "review_conversations",
    "change_schedule",
    "add_tag",
    "change_tag",
    "view_tag",
    "change_order",
    "change_product",
    "add_product",
]

# name, price, size, light, finishes, sent in days, summary, description
PRODUCTS = [
    (
        "Alder",
        "129",
        "46 × 30 cm",
        "2700 K, 600 lm, dimmed by the cord",
        "Oiled alder, dark walnut",
        2,
        "A table lamp for one reader and one cup of tea.",
        "The foot is turned from one piece of alder, the shade is linen on paper. It throws its light down and a "
        "little to the side: enough for a book, too little to wake anybody.",
    ),
    (
        "Heron",
        "349",
        "198 × 110 cm",
        "2700 K, 900 lm, foot dimmer",
        "Pine green, chalk, black",
        6,
        "An arc over the sofa, from a foot that stays where it is.",
        "Its neck reaches a metre and ten into the room, so that the foot can stand behind the sofa. The foot weighs "
        "fourteen kilograms: children and dogs have tried.",
    ),
    (
        "Moth",
        "89",
        "34 × 22 cm",
        "2700 K, 350 lm",
        "Brick, ochre, moss",
        3,
        "A wall light for hallways that have no socket to spare.",
        "Two wings of folded steel turn the bulb away from the eyes and onto the wall. With cord and plug, or wired: "
        "the cover for both is in the box.",
    ),
    (
        "Pebble",
        "98",
        "28 × 32 cm",
        "2200–2700 K, 40–400 lm",
        "Opal white, smoke",
        2,
        "A bedside light that is touched, not searched for.",
        "Mouth-blown opal glass, dimmed by a touch anywhere. At its lowest it is just bright enough to find the door.",
    ),
    (
        "Cantle",
        "159",
        "62 × 58 cm",
        "3000 K, 800 lm, colour rendering 95",
        "Ink blue, brass, white",
        2,
        "A desk lamp for left-handers, right-handers and late evenings.",
        "Three joints, one spring, no wobble. The head turns all the way round, so it lights from whichever side your "
        "hand is not.",
    ),
    (
        "Low Tide",
        "219",
        "52 × 24 cm",
        "2700 K, 1100 lm, dimmable",
        "Sea green, sand, graphite",
        4,
        "A wide dome to hang low over the table.",
        "Hang it sixty centimetres above the table and everybody has light on the plate and none in the eyes. For "
        "tables from 140 to 220 cm; above that take two.",
    ),
    (
        "Trio",
        "289",
        "60 × 90 cm",
        "2400 K, 3 × 250 lm, dimmable",
        "Brass, black",
        8,
        "Three globes for a stairwell, or for a ceiling that is too high.",
        "Each globe hangs on its own cord and can be shortened by hand. The plate covers an old ceiling outlet up to "
        "ten centimetres from where you want it.",
    ),
    (
        "Wick",
        "79",
        "31 × 18 cm",
        "2000 K, 20–180 lm, 14 hours on a charge",
        "Straw, slate",
        1,
        "A lantern that goes where the evening goes.",
        "Charged by USB-C, dry under any rain (IP55), warm as a flame and safe in a tent. The battery can be changed "
        "with a coin.",
    ),
    (
        "Quill",
        "119",
        "38 × 12 cm",
        "3000 K, 420 lm, colour rendering 97",
        "Brushed brass, nickel",
        3,
        "A picture light that hides what carries it.",
        "It clamps to frames from 12 to 45 mm and needs no second hole in the wall. No ultraviolet: watercolours may "
        "stay where they are.",
    ),
    (
        "Paper Moon",
        "69",
        "45 × 62 cm",
        "2700 K, 500 lm",
        "Natural paper",
        2,
        "A paper globe on three thin legs, for corners.",
        "Folded by hand from mulberry paper over bamboo. It comes flat, and unfolds in a minute. A new globe costs "
        "nineteen euros and fits the old legs.",
    ),
]


@dataclass(frozen=True)
class Talk:
    """A conversation as it was: who said what. Lines of the operator begin with ">"."""

    visitor: str
    email: str
    page: str
    days_ago: float
    lines: list[str]
    operator: str = "operator"
    phone: str = ""
    customer: str | None = None
    closed: bool = True
    orders: list[tuple[str, str]] = field(default_factory=list)  # source, product


TALKS = [
    Talk(
        "Jonas Weber",
        "jonas@example.com",
        "low-tide",
        20,
        [
            "Hello, our table is 240 cm long. Is one Low Tide enough?",
            "> Hello Jonas! For 240 cm I would take two, 90 cm apart. One lights the middle and leaves both ends dim.",
            "And at what height?",
            "> 60 cm from the table top to the rim. Both cords are two metres long: ceilings up to 3.30 m are fine.",
            "Then two in sea green, please. Can you order them for me?",
            "> Done. They are sent on Thursday.",
        ],
        orders=[("chat", "low-tide")],
    ),
    Talk(
        "Anna Sommer",
        "anna@example.com",
        "heron",
        12,
        [
            "Does the Heron fit behind a sofa that stands 8 cm from the wall?",
            "> The foot is 32 cm deep, so it needs the corner of the sofa. Beside it works well: the arc turns.",
            "Beside it, then. Thank you!",
        ],
        operator="colleague",
        customer="anna",
        orders=[("basket", "heron")],
    ),
    Talk(
        "Priya Nair",
        "priya@example.com",
        "pebble",
        9,
        [
            "Is the smoke glass much darker than the opal one?",
            "> About a third. In smoke you see the bulb's glow, in opal the whole dome shines.",
            "I read in bed for an hour.",
            "> Opal. Smoke is for looking at, opal is for looking by.",
            "That was quick and clear, thanks.",
        ],
        orders=[("basket", "pebble")],
    ),
    Talk(
        "Tom de Vries",
        "tom@example.com",
        "moth",
        7,
        [
            "I rent and must not drill. Can the Moth be glued?",
            "> It weighs 900 g, and I have seen glue let go of it. Two small screws hold it; the holes are 4 mm.",
            "Too bad.",
            "> The Paper Moon needs no hole at all, if there is a free corner.",
        ],
    ),
    Talk(
        "Lucía Ortega",
        "lucia@example.com",
        "trio",
        5,
        [
            "Do you deliver to Valencia, and how long does it take?",
            "> We do. The Trio is sent in eight days and travels four more.",
            "Could somebody call me about hanging it? Our ceiling is sloped.",
            "> Gladly. Which number, and when?",
            "+34 600 555 010, after five.",
            "> Colin calls you today at half past five.",
        ],
        operator="colleague",
        phone="+34 600 555 010",
        orders=[("phone", "trio")],
    ),
    Talk(
        "Mikkel Holm",
        "mikkel@example.com",
        "cantle",
        3,
        [
            "Which of Cantle and Alder is better for drawing?",
            "> Cantle. Its colour rendering is 95, the Alder has 80, and the Cantle's head stays where you put it.",
            "In ink blue I hope :)",
            "> In ink blue, from stock. Shall I write the order?",
            "Yes please, to the address of last time.",
        ],
        orders=[("chat", "cantle")],
    ),
    Talk(
        "Sofia Rossi",
        "sofia@example.com",
        "wick",
        0.2,
        [
            "Can the Wick stay on the balcony in winter?",
            "> Rain and snow are fine. Below −10 °C the battery tires: take it in for the night.",
            "And does the straw colour fade?",
        ],
        closed=False,
    ),
    Talk(
        "Emil Novak",
        "",
        "quill",
        0.05,
        ["Good evening! Does the Quill fit a frame that is 50 mm thick, or is there a longer clamp?"],
        operator="",
        closed=False,
    ),
]

# source, product, days ago, buyer: what was ordered without a word, or by a word on the phone
PLAIN_ORDERS = [
    ("basket", "alder", 58, "Hanna Vogel"),
    ("basket", "wick", 55, "Pieter Smit"),
    ("phone", "low-tide", 51, "Werner Kuhn"),
    ("basket", "paper-moon", 47, "Aoife Byrne"),
    ("basket", "pebble", 44, "Luca Conti"),
    ("chat", "heron", 40, "Marta Silva"),
    ("basket", "quill", 36, "Jan Kowalski"),
    ("phone", "moth", 33, "Erika Lang"),
    ("basket", "wick", 29, "Noah Martin"),
    ("basket", "cantle", 26, "Ines Duarte"),
    ("chat", "pebble", 23, "Freya Olsen"),
    ("basket", "alder", 16, "Anna Sommer"),
    ("phone", "trio", 10, "Georg Maier"),
    ("basket", "paper-moon", 6, "Yuki Mori"),
    ("basket", "wick", 2, "Clara Blanc"),
    ("basket", "pebble", 13.2, "Oskar Lind"),
    ("basket", "paper-moon", 12.6, "Nadia Haddad"),
    ("basket", "moth", 11.4, "Theo Laurent"),
    ("basket", "wick", 11.1, "Ida Nyman"),
    ("basket", "quill", 9.7, "Pavel Dvorak"),
    ("basket", "alder", 8.8, "Hugo Perrin"),
    ("basket", "low-tide", 8.1, "Greta Funk"),
    ("basket", "pebble", 7.5, "Rui Santos"),
    ("basket", "wick", 6.8, "Maud Carlier"),
    ("basket", "cantle", 5.6, "Ben Ashworth"),
    ("basket", "moth", 4.9, "Lena Roth"),
    ("basket", "paper-moon", 4.2, "Diego Ramos"),
    ("basket", "alder", 3.6, "Sanna Virtanen"),
    ("basket", "pebble", 2.7, "Milan Petrovic"),
    ("basket", "heron", 1.8, "Elsa Moretti"),
    ("basket", "wick", 1.1, "Kofi Mensah"),
    ("basket", "quill", 0.6, "Jana Horak"),
]


def sow() -> None:
    """Make what isn't there yet: the shop is sown as a whole, or not at all."""
    with transaction.atomic():
        if Product.objects.exists():
            return
        Product.objects.bulk_create(products())
        people = {name: account(name) for name in ACCOUNTS}
        written = [(age, order, slug) for talk in TALKS for age, order, slug in converse(talk, people)]
        written += [plain_order(*row, people) for row in PLAIN_ORDERS]
        keep_orders(sorted(written, key=lambda row: -row[0]))
        invited.sow()
        waited.sow(people)
        schedule()


def schedule() -> None:
    """Without hours: whoever tries the shop at night shall find it open."""
    steps = Schedule.objects.create().steps
    for kind, minutes in (("waiting", 3), ("silent", 10), ("closing", 30)):
        steps.create(kind=kind, after=minutes)


def products() -> Iterable[Product]:
    for name, price, size, light, finishes, days, summary, description in PRODUCTS:
        yield Product(
            name=name,
            slug=name.lower().replace(" ", "-"),
            price=Decimal(price),
            size=size,
            light=light,
            finishes=finishes,
            sent_in_days=days,
            summary=summary,
            description=description,
        )


def account(name: str) -> User:
    first, last = NAMES[name]
    user = User.objects.create_user(
        name, f"{name}@example.com", PASSWORD, first_name=first, last_name=last, is_staff=name != "anna"
    )
    rights = {"manager": MANAGES, "operator": OPERATES, "colleague": OPERATES}.get(name, [])
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return user


def converse(talk: Talk, people: dict[str, User]) -> list[tuple[float, Order, str]]:
    """The conversation with its rows, written as of its time; gives the orders that came of it, with their age."""
    began = timezone.now() - timedelta(days=talk.days_ago)
    operator = people.get(talk.operator)
    url, title = f"http://127.0.0.1:8000/lamps/{talk.page}/", f"{talk.page.replace('-', ' ').title()} · Lampwick"
    visitor = Visitor.objects.create(
        name=talk.visitor,
        email=talk.email,
        phone=talk.phone,
        customer=people.get(talk.customer or ""),
        page_url=url,
        page_title=title,
        pages=[{"url": url, "title": title, "at": began.isoformat()}],
        visits=1,
        visit_began_at=began,
        seen_at=began,
    )
    conversation = Conversation.objects.create(visitor=visitor, opened_at=began)
    messages = list(said(talk, conversation, visitor, operator, began))
    Message.objects.bulk_create(messages)
    ended = messages[-1].sent_at
    if operator:
        Take.objects.create(
            conversation=conversation,
            operator=operator,
            operator_name=operator.get_full_name(),
            began_at=began,
            ended_at=ended if talk.closed else None,
        )
    conversation.last_seq = conversation.visitor_read = len(messages)
    unanswered = messages[-1].author_key == f"v{visitor.pk}"
    conversation.operators_read = len(messages) - (0 if talk.closed else 1)
    conversation.waiting_since = ended if unanswered and not talk.closed else None
    conversation.operator = None if talk.closed else operator
    conversation.closed_at = ended if talk.closed else None
    conversation.save()
    return [
        (
            talk.days_ago - 0.02,
            Order(
                source=source,
                consultation=conversation,
                taken_by=None if source == Source.BASKET else operator,
                customer=visitor.customer,
                name=talk.visitor,
                email=talk.email,
                phone=talk.phone,
            ),
            slug,
        )
        for source, slug in talk.orders
    ]


def said(
    talk: Talk, conversation: Conversation, visitor: Visitor, operator: User | None, began: datetime
) -> Iterable[Message]:
    """The lines with their numbers, a minute and a half apart, and who came and who closed."""
    name = operator.get_full_name() if operator else ""
    answers: dict[str, object] = {"author_key": f"u{operator.pk}" if operator else "", "author_name": name}
    rows: list[dict[str, object]] = []
    for line in talk.lines:
        if line.startswith("> "):
            if not any(row["kind"] == "joined" for row in rows):
                rows.append({"kind": "joined", "author_key": "shop", "facts": {"name": name}})
            rows.append({"kind": "text", "body": line[2:]} | answers)
        else:
            rows.append({"kind": "text", "author_key": f"v{visitor.pk}", "author_name": visitor.name, "body": line})
    if talk.closed and operator:
        rows.append({"kind": "closed"} | answers)
    for seq, row in enumerate(rows, 1):
        sent_at = began + timedelta(seconds=90 * (seq - 1))
        yield Message(conversation=conversation, seq=seq, client_id=uuid4(), sent_at=sent_at, **row)


def plain_order(
    source: str, slug: str, days_ago: float, name: str, people: dict[str, User]
) -> tuple[float, Order, str]:
    first = name.split()[0].lower()
    order = Order(
        source=source,
        taken_by=None if source == Source.BASKET else people["operator"],
        customer=people.get(first),
        name=name,
        email=f"{first}@example.com",
    )
    return days_ago, order, slug


def keep_orders(orders: Iterable[tuple[float, Order, str]]) -> None:
    """Number the orders from FIRST_ORDER on, the oldest first; those to come go on from there."""
    products = {product.slug: product for product in Product.objects.all()}
    for number, (days_ago, order, slug) in enumerate(orders, FIRST_ORDER):
        order.pk = number
        order.address = "Lindenweg 7\n10969 Berlin"
        order.save(force_insert=True)
        Order.objects.filter(pk=number).update(placed_at=timezone.now() - timedelta(days=days_ago))
        OrderLine.objects.create(order=order, product=products[slug], quantity=1 + (slug == "low-tide"))
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Order]):
            cursor.execute(statement)
