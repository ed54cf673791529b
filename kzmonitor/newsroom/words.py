"""What an outlet's page says around an article, in the article's language: menus, dates, notices, comments."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from .records import ALMATY


@dataclass(frozen=True)
class Words:
    """The furniture of a page in one language. `date` and `day` are templates over day, month, year, time."""

    months: tuple[str, ...]
    date: str
    day: str
    menu: tuple[str, ...]
    read_also: str
    popular: str
    share: str
    caption: str
    credit: str
    cookies: str
    accept: str
    comments: str
    comment: tuple[str, ...]
    subscribe: str
    footer: str
    newsroom: str
    older: str
    newer: str
    missing: str


RUSSIAN = Words(
    months=(
        *("января", "февраля", "марта", "апреля", "мая", "июня"),
        *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
    ),
    date="{day} {month} {year}, {time}",
    day="{day} {month}",
    menu=("Главная", "Новости", "Политика", "Общество", "Экономика", "О проекте", "Реклама"),
    read_also="Читайте также",
    popular="Популярное за неделю",
    share="Поделиться новостью",
    caption="Иллюстративный снимок из архива редакции",
    credit="Фотография пресс-службы",
    cookies="Сайт использует файлы cookie. Оставаясь на сайте, вы соглашаетесь с правилами их обработки.",
    accept="Понятно",
    comments="Комментарии читателей",
    comment=("Спасибо, что пишете об этом.", "А можно ссылку на источник?", "Ждём продолжения!"),
    subscribe="Подпишитесь на нашу рассылку: главное за день одним письмом.",
    footer="Все права защищены. При перепечатке гиперссылка на сайт обязательна.",
    newsroom="Редакция",
    older="Раньше",
    newer="Позже",
    missing="Страница не найдена",
)

KAZAKH = Words(
    months=(
        *("қаңтар", "ақпан", "наурыз", "сәуір", "мамыр", "маусым"),
        *("шілде", "тамыз", "қыркүйек", "қазан", "қараша", "желтоқсан"),
    ),
    date="{day} {month} {year}, {time}",
    day="{day} {month}",
    menu=("Басты бет", "Жаңалықтар", "Саясат", "Қоғам", "Экономика", "Біз туралы", "Жарнама"),
    read_also="Тағы оқыңыз",
    popular="Апта бойы көп оқылғаны",
    share="Жаңалықпен бөлісу",
    caption="Редакция мұрағатынан алынған көрнекі сурет",
    credit="Баспасөз қызметінің фотосы",
    cookies="Сайт cookie файлдарын қолданады. Сайтта қалсаңыз, оларды өңдеу ережесімен келісесіз.",
    accept="Түсінікті",
    comments="Оқырман пікірі",
    comment=("Бұл туралы жазғандарыңызға рахмет.", "Дереккөзге сілтеме бар ма?", "Жалғасын күтеміз!"),
    subscribe="Хабарламамызға жазылыңыз: күннің басты жаңалығы бір хатта.",
    footer="Барлық құқық қорғалған. Көшіріп басқанда сайтқа сілтеме беру міндетті.",
    newsroom="Редакция",
    older="Бұрынғы",
    newer="Кейінгі",
    missing="Бет табылмады",
)

ENGLISH = Words(
    months=(
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    date="{day} {month}, {year} - {time}",
    day="{day} {month}",
    menu=("Home", "News", "Politics", "Society", "Business", "About us", "Advertise"),
    read_also="Read also",
    popular="Most read this week",
    share="Share this story",
    caption="An illustrative picture from our archive",
    credit="Photo by the press office",
    cookies="This site uses cookies. By staying on it you agree to the way we handle them.",
    accept="I understand",
    comments="Readers' comments",
    comment=("Thank you for writing about this.", "Is there a link to the source?", "Waiting for more!"),
    subscribe="Sign up for our newsletter: the main news of the day in one letter.",
    footer="All rights reserved. Republishing requires a link to this site.",
    newsroom="Newsroom",
    older="Older",
    newer="Newer",
    missing="Page not found",
)

KAZAKH_LATIN = "kk-Latn"  # Kazakh in Latin letters, as BCP 47 writes it
# One Latin letter for each Cyrillic one, after the draft alphabet of January 2021; letters of loan words by sound.
_TO_LATIN = str.maketrans("аәбвгғдеёжзийкқлмнңоөпрстуұүфхһыіэ", "aäbvgğdeojziikqlmnŋoöprstuūüfhhyıe") | str.maketrans(
    {"ц": "ts", "ч": "ch", "ш": "ş", "щ": "ş", "ю": "iu", "я": "ia", "ъ": "", "ь": ""}
)


def latin(text: str) -> str:
    """Kazakh in Latin letters; what is not Cyrillic stays as it is."""
    return "".join(
        found.capitalize() if letter.isupper() and letter != found else found
        for letter in text
        for found in [letter.lower().translate(_TO_LATIN) if "\u0400" <= letter <= "\u04ff" else letter]
    )


def in_latin_letters(words: Words) -> Words:
    """The Kazakh furniture in Latin letters; the names of fields in its templates are in Latin letters already."""
    facts: dict[str, Any] = asdict(words)
    for name, value in facts.items():
        facts[name] = latin(value) if isinstance(value, str) else tuple(map(latin, value))
    return Words(**facts)


def tongue_of(lang: str, text: str) -> str:
    """The language of `text` for those who print around it: as given, but Kazakh in Latin letters is `kk-Latn`."""
    cyrillic = sum("\u0400" <= letter <= "\u04ff" for letter in text)
    return KAZAKH_LATIN if lang == "kk" and 2 * cyrillic < sum(map(str.isalpha, text)) else lang


WORDS = {"ru": RUSSIAN, "kk": KAZAKH, KAZAKH_LATIN: in_latin_letters(KAZAKH), "en": ENGLISH}


def words_for(lang: str) -> Words:
    """The furniture for `lang`; English where none was written."""
    return WORDS.get(lang, ENGLISH)


def date_text(lang: str, moment: datetime, *, with_year: bool = True) -> str:
    """The date as a page of that language prints it in Almaty: "18 августа 2025, 16:39" or "18 августа"."""
    words, local = words_for(lang), moment.astimezone(ZoneInfo(ALMATY))
    pattern = words.date if with_year else words.day
    return pattern.format(day=local.day, month=words.months[local.month - 1], year=local.year, time=f"{local:%H:%M}")
