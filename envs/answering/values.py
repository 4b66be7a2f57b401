"""What is one value although it has parts: phone numbers, addresses, codes, prices, ranges, measures."""

from __future__ import annotations

import regex

_LETTER = r"\p{L}\p{M}"
_DIGITS = r"[\p{L}\p{M}\d]*+(?<=\d[\p{L}\p{M}]{0,8})"
"""Letters and digits with a digit among the last of them."""
_AMOUNT = r"\d++(?:[.,]\d++)*+"
_CURRENCY = r"(?:US\$|A\$|C\$|[€$£¥₹]|\b(?:USD|EUR|GBP|CHF|JPY|CAD|AUD|Rs\.?))"
_MAGNITUDE = r"(?: ?(?:k|K|m|M|bn|million|billion|thousand)\b)"
_UNIT = r"(?:kg|mg|lbs?|km/h|km|cm|mm|ml|ft|mph|mmHg|bpm|kcal|[KMGT]B|kWh|°[CF]?|%|‰)"
_DASH = r" ?[-–—] ?"
_CLOCK = r"\d{1,2}(?::\d\d){0,2}"
_NOON = r" ?(?:[ap]\.m\.|[ap]m\b)"
_DOMAIN = (
    r"(?:com|org|net|edu|gov|info|io|co|uk|de|fr|es|it|nl|ch|at|eu|us|ca|au|jp|cn|in|br|dev|app|ai|me|tv)"
)
_FILE = r"(?:pdf|docx?|xlsx?|pptx?|txt|csv|json|md|py|zip|png|jpe?g|mp3|mp4)"

# Each begins where no word goes on, and what may be long is possessive, so that a text is read once however
# it is made.
_ADDRESSES = (
    r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]+)+",  # an e-mail address
    r"(?:https?://|www\.)[^\s<>\"“”]*[^\s<>\"“”.,;:!?)\]'’]",
    rf"(?<![\w.-])[\w-]++(?:\.[\w-]++)*?\.(?:{_DOMAIN}(?:/[^\s<>\"“”]*[^\s<>\"“”.,;:!?)\]'’])?|{_FILE})(?![\w-])",
    r"(?<![\w@])@\w+(?:[.-]\w+)*",  # a handle
)
_VALUES = (
    r"(?<!\w)\p{Lu}{2}\d{2}(?: ?[\p{Lu}\d]{4}){2,7}(?: ?[\p{Lu}\d]{1,4})?(?!\w)",  # an IBAN
    r"(?<!\w)\p{XDigit}{8}(?:-\p{XDigit}{4}){3}-\p{XDigit}{12}(?!\w)",  # a UUID
    r"(?<![\w:])\p{XDigit}{1,4}(?:::?\p{XDigit}{1,4}){2,7}(?![\w:])",  # an address of a network or a machine
    # Phone numbers: with a country's or a town's code, or in three groups and more.
    r"(?<!\w)\+\d{1,4}(?:[ ./-]?\(?\d{1,5}\)?){1,7}(?!\w)",
    r"(?<!\w)\(\d{2,5}\) ?\d{2,5}(?:[ .-]\d{2,5}){0,4}(?!\w)",
    r"(?<!\w)(?!(?:19|20)\d\d )(?:\d{2,5}(?: \d{2,4}){2,5}|\d{3} \d{4})(?![\w,]|[.:/]\d)",
    # Prices, one or from one to the other.
    rf"{_CURRENCY} ?{_AMOUNT}{_MAGNITUDE}?(?:{_DASH}{_CURRENCY}? ?{_AMOUNT}{_MAGNITUDE}?)?(?!\w)",
    rf"(?<!\w)\d{{1,3}}(?: \d{{3}})+(?:,\d+)? ?{_CURRENCY}",
    rf"(?<![\w.,]){_AMOUNT}{_MAGNITUDE}? ?(?:[€$£¥₹]|(?:USD|EUR|GBP|CHF|JPY)\b)",
    # Times of day, and spans of them.
    rf"(?<!\w){_CLOCK}(?:{_NOON})?(?:{_DASH}| to ){_CLOCK}{_NOON}",
    rf"(?<!\w){_CLOCK}{_NOON}",
    rf"(?<![\w:])\d{{1,2}}:\d\d{_DASH}\d{{1,2}}:\d\d(?![\w:])",
    # Measures.
    rf"(?<![\w.,])[-−+±]?{_AMOUNT}(?:{_DASH}{_AMOUNT}|/\d+)? ?{_UNIT}(?![\w])",
    r"(?<!\w)\d{1,2}'\d{1,2}(?:\"|'')?",  # feet and inches
    # Plates, postcodes and flights, whose blank is part of them.
    r"(?<!\w)\p{Lu}{1,3}-\p{Lu}{1,2} ?\d{1,4}(?!\w)",
    r"(?<!\w)\p{Lu}{1,2}\d[\p{Lu}\d]? \d\p{Lu}{2}(?!\w)",
    r"(?<!\w)(?!(?:AM|PM|IN|AT|ON|BY|NO|TO|OF|OR|IS) )\p{Lu}[\p{Lu}\d] \d{2,4}(?![\w.,:/-]\d|\w)",
    # Codes, dates, versions, numbers and ranges of them.
    rf"(?<![\w])(?:[{_LETTER}]{{1,10}}[-/#]|#|№ ?|(?:No|Nr)\. ?(?=\d))?{_DIGITS}"
    rf"(?:[-–—/#+]{_DIGITS}|(?<=\d)[.,:]\d+[{_LETTER}]*"
    r"|[-/]\p{Lu}{1,4}(?!\w))*(?: ?%)?",
    r"(?<=\d)[–—]\d+",
)
ADDRESS = "|".join(_ADDRESSES)
"""A regular expression of the module `regex` for an e-mail address, a link, a site, a file or a handle."""

VALUE = "|".join(_VALUES)
"""The same for a number, a code, or whatever else has a digit."""

MAY_HOLD_VALUE = regex.compile(r"[\d@]|://|\w\.\w")
"""What each value has somewhere: most sentences have none, and looking for every kind takes a while."""
