"""Words that scripts show, too: one place for Python, templates and static/js alike.

Each page carries them (templates/_words.html). What stands in braces is filled in by whoever shows
the words.
"""

from typing import Final

WORDS: Final = {
    # time
    "just_now": "just now",
    "seconds_ago": "{count} s ago",
    "minutes_ago": "{count} min ago",
    "hours_ago": "{count} h ago",
    "no_time_left": "0 s",
    "seconds_left": "{count} s",
    "hours_left": "{hours} h {minutes} min",
    "from_date": " from {date}",
    "until_date": " until {date}",
    # the connection
    "live": "Live",
    "reconnecting": "Reconnecting…",
    "offline": "Offline",
    "unreachable": "The server cannot be reached.",
    "nothing_changed": "Nothing was changed. Try again in a moment.",
    "perhaps_done": "It may have been done all the same. Check before you try again.",
    # the list
    "found_one": "1 notification matches",
    "found": "{count} notifications match",
    "found_more": "{count} or more notifications match",
    "found_none": "No matches",
    "one_new": "1 new notification",
    "new": "{count} new notifications",
    "pause": "Pause",
    "resume": "Resume",
    "resume_new": "Resume · {count} new",
    "paused_new": "Paused, {count} new",
    "selected": "{count} selected",
    "was_deleted": "This notification was deleted:",
    "delete_one": "Delete this notification?",
    "delete_many": "Delete {count} notifications?",
    "delete_yes": "Delete for good",
    "delete_what": "Headers, body and details are deleted for good.",
    # JSON, copying
    "copied": "Copied",
    "copy_refused": "Your browser does not allow copying",
    "fold": "Fold all",
    "unfold": "Unfold all",
    "found_at": "{number} of {count}",
    # subscriptions
    "created": "The subscription was created.",
    "activated": "The subscription was activated.",
    "deleted": "The subscription was deleted.",
    "no_event": "No matching event",
    "events_shown": "{count} shown",
    # export
    "answered": "The server answered {status}.",
    "export_progress": "{count} of {total}",
    "export_so_far": "{count} so far",
    "export_done": "Done: the file is in your downloads.",
    "export_stopped": "Stopped.",
    "export_failed": "The export was interrupted. {reason} Try again in a moment.",
}
