"""What Slack takes, by its own pages, and where its pages say nothing, what we allow ourselves.

Lengths are in UTF-16 code units, as the strictest of its clients count: an emoji is two. Sources:

- messages and blocks: https://docs.slack.dev/reference/block-kit/blocks
- header: https://docs.slack.dev/reference/block-kit/blocks/header-block
- rich text: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block (no number is given)
- actions, buttons, selects: https://docs.slack.dev/reference/block-kit/block-elements/button-element and its neighbours
- options: https://docs.slack.dev/reference/block-kit/composition-objects/option-object
- text of a message: https://docs.slack.dev/reference/methods/chat.postMessage (4,000 advised, cut at 40,000)
- rates: https://docs.slack.dev/apis/web-api/rate-limits
- metadata: https://docs.slack.dev/messaging/message-metadata (no number is given)
- the whole: none is documented; `msg_blocks_too_long` came between 11,000 and 13,300 characters of text
  (https://github.com/slackapi/bolt-js/issues/2509, https://github.com/slackapi/bolt-js/issues/2867).
"""

from __future__ import annotations

from datetime import timedelta

BLOCKS = 50
HEADER_TEXT = 150
SECTION_TEXT = 3_000
ACTION_ELEMENTS = 25
BUTTON_TEXT = 75
BUTTON_VALUE = 2_000
ACTION_ID = 255
BLOCK_ID = 255
URL = 3_000
OPTIONS = 100
OPTION_TEXT = 75
OPTION_VALUE = 150
PLACEHOLDER_TEXT = 150
MESSAGE_TEXT = 4_000
#: A page of history, and how many pages are read at most.
PAGE = 200

#: Ours, for what Slack gives no number: all that is shown, and the blocks as compact JSON. Every message that was
#: refused had more than 11,000 characters of text or 13,000 of JSON.
OUR_WORDS = 8_000
OUR_JSON = 12_000
#: Ours: a longer address is shown as text alone.
OUR_URL = 500
#: Ours: metadata as compact JSON.
OUR_METADATA = 4_000

#: chat.postMessage: about one a second in one channel.
PER_CHANNEL = timedelta(seconds=1)
#: Tier 3 (chat.update, conversations.history and .replies): about 50 a minute, each.
TIER_3 = timedelta(minutes=1) / 50
