"""The process that cuts, but for pages whose address says what they do to it: /kill and /hang. It tells no language,
whose statistics take a second to read."""

import os
import signal

from kzmonitor.collect import cutter
from kzmonitor.collect.pages import Reading
from kzmonitor.language.detect import Language

told = cutter.told


def hostile(page, declaration):
    if page.url.endswith("/kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    if page.url.endswith("/hang"):
        signal.pause()
    return told(page, declaration)


cutter.detect = lambda _text: None
cutter.reading_of = lambda article: Reading(article, Language("ru", "cyrillic"), "")
cutter.told = hostile
cutter.main()
