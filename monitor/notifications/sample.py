"""A sample of the file that says who is notified, for `grid-monitor notify sample`."""

SAMPLE = """\
# Who is told of which alarm. Give this file to the monitor: --notify-file notify.toml, or GRID_NOTIFY_FILE.

# Hours below are of this time zone; without it they are UTC.
timezone = "Europe/Berlin"

# Where people reach the pages, for the links in messages; without it there are none.
page_url = "http://127.0.0.1:8787"

# --- receivers: a name for each. The address is a URL of Apprise (https://appriseit.com), and a secret: it stands
# in a file of its own (first line, readable for the monitor's user only) or in an environment variable, never here.

[receivers.crew]
url_file = "/etc/grid/crew.url"    # such as mailto://user:password@mail.example?to=crew@farm.example
quiet_hours = "22:00-06:00"        # what is not critical waits for their end

[receivers.control_room]
url_env = "CONTROL_ROOM_URL"       # such as json://user:password@desk.example/alarms, or ntfys://topic

# --- routes: each alarm goes to every receiver named by a route that takes it. Where several routes lead to the
# same receiver, the first that holds at that hour counts.

[[routes]]
name = "urgent"
severities = ["critical", "high"]
receivers = ["crew", "control_room"]
group_wait_seconds = 30            # the first alarm waits so long for others
group_by = ["rule", "region"]      # those that agree in these are one message
repeat_seconds = 3600              # told again while nobody acknowledges it; 0 for never
cleared = true                     # whoever was told of it is told that it is over

[[routes]]
name = "by day"
severities = ["medium"]
regions = ["north", "west"]        # and alarms of no region; without this line: all regions
hours = "07:00-18:00"              # what comes outside of them waits for their begin
days = ["mon", "tue", "wed", "thu", "fri"]
receivers = ["crew"]

[[routes]]
name = "morning"
severities = ["low"]
digest = ["07:00"]                 # all that came since the last one, in one message
receivers = ["crew"]
"""
