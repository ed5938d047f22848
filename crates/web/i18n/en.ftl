# The finance web in English. The same keys, with the same arguments, stand in vi.ftl; a test keeps it so.
# Figures arrive ready-made; { $n } only chooses the plural.

## Frame
skip = Skip to the content
nav-label = Main
nav-days = Accounting days
nav-payouts = Payouts
nav-bank = Bank statements
nav-breaks = Breaks
nav-balance = Trial balance
nav-quarantine = Quarantine
sign-out = Sign out
language = Language
foot-zone = Times are in { $zone }
foot-environment = Environment: { $environment }
foot-request = Request { $id }
role-viewer = Viewer
role-finance = Finance
role-approver = Approver
role-counter = Counter
role-channel = Channel
crumbs-label = You are here
filters-label = Filters
pager-label = Pages
pager-none = No rows
pager-shown = { $first } to { $last } of { $total } rows
pager-previous = Previous
pager-next = Next
sum = Sum
sum-of-all = Sum of all rows
period = From { $from } to { $to }
from-day = From
to-day = To
show = Show
all-cards = all cards

## Columns
col-day = Day
col-state = State
col-rides = Rides
col-gross = Gross fares
col-rider = Riders pay
col-subsidy = Subsidy
col-payments = School payments
col-payments-count = Payments
col-refused = Refused
col-hour = Hour
col-operator = Operator
col-share = Share of gross
col-cash = Cash held
col-net = Net owed
col-school = School
col-amount = Amount
col-item = Item
col-kind = Kind
col-party = Party
col-reference = Reference
col-seen = At the bank
col-ride = Ride
col-time = Time
col-route = Route
col-from = From
col-to = To
col-stop = Stop
col-rider-category = Rider
col-shape = Outcome
col-service-date = Travel date
col-posting-date = Posting date
col-version = Version
col-product = Product
col-rules = Rules
col-position = Log position
col-account = Account
col-owner = Owner
col-debit = Debit
col-credit = Credit
col-name = Name
col-vas = VAS code
col-opening = Opening
col-closing = Closing
col-opening-debit = Opening debit
col-opening-credit = Opening credit
col-closing-debit = Closing debit
col-closing-credit = Closing credit
col-cause = Cause
col-code = Reason
col-first-seen = First seen
col-age = Age (days)
col-detail = Detail
col-where = Where
col-break-owner = Looked after by
col-statement = Statement
col-bank-account = Bank account
col-first-day = First day
col-last-day = Last day
col-proof = Balance proof
col-continuity = Continuity
col-posted = Ledger
col-lines = Lines
col-matched = Matched
col-file = File
col-received = Received
col-reason = Reason
col-statements = Statements
col-bytes = Bytes
col-digest = Digest
col-line = Line
col-booking-date = Booked
col-value-date = Value date
col-met = Outcome
col-rule = Matched by
col-end-to-end = End-to-end id
col-memo = Memo
col-run = Run
col-maker = Proposed by
col-checker = Approved by
col-payees = Payees
col-seen-at-bank = Seen at the bank
col-total = Total
col-payee = Payee
col-creditor = Bank account
col-fare-owed = Fares
col-refusal = Refusal
col-tap = Tap
col-source = Source
col-accepted = Accepted
col-posted-count = Posted
col-duplicate = Duplicate
col-quarantined = Quarantined
col-pending = Waiting

## Days
days-lead = Every figure leads to the rows that make it up.
days-caption = Days
days-empty = No day has any posting yet. The first tap that is cleared opens one.
day-open = Open
day-closing = Closing
day-closed = Closed
day-neighbours = Other days
day-before = The day before
day-after = The day after
day-closed-at = Closed on { $at }; its figures no longer change.
day-not-closed = Still open: its figures grow with every tap that is cleared.
day-run = See its payout run
day-operators = { $n ->
    [one] { $count } operator
   *[other] { $count } operators
}
day-gross-note = Riders and subsidy together
day-of-gross = { $share } of gross
day-bank-difference = Bank difference
day-bank-agrees = Agrees with the bank up to { $date }
day-bank-none = No bank statement is posted yet
day-breaks = { $n ->
    [one] { $count } open break
   *[other] { $count } open breaks
}
day-unpriced = { $n ->
    [one] { $count } ride of this day has no fare
   *[other] { $count } rides of this day have no fare
}
day-no-rides = No ride was posted on this day.
day-positions = Digest of the positions at the close:
pipeline-caption = What became of every tap
pipeline-accepted = taps accepted, all days
pipeline-posted = posted
pipeline-duplicate = duplicate
pipeline-quarantined = quarantined
pipeline-open = { $n ->
    [one] { $count } open
   *[other] { $count } open
}
pipeline-pending = waiting
pipeline-holds = Every tap accounted for
pipeline-fails = Taps are missing
pipeline-halted = Clearing stands still:
pipeline-halts = Stands still
pipeline-lead = Every record a source took in, over all days. Accepted is posted, duplicate, quarantined and waiting together.
pipeline-empty = No source has taken anything in yet.
chart-caption = Rides by hour
chart-legend = Rides that began in the hour
chart-note = The same figures stand in the table below.
chart-table = The figures as a table
rides-count = { $n ->
    [one] { $count } ride
   *[other] { $count } rides
}
hours-caption = Rides by the hour they began
hours-lead = By the city's clock, from the hour its service day begins.
operators-caption = Operators
operators-lead = What each operator earned on this day, and what it is owed for it.
schools-caption = Schools
schools-lead = What each school was paid from one-card accounts on this day.
schools-empty = No school was paid on this day.
items-caption = Expected at the bank
items-lead = What the ledger expects to see on bank statements from this day, and where it was seen.
items-empty = The ledger expects nothing at the bank from this day.
item-seen = Seen
item-awaited = Awaited
item-not-paid = Nothing to pay
item-kind-top-up = Top-up
item-kind-payout = Payout
item-kind-subsidy = Subsidy
item-kind-acquirer = Card acquirer

## Operator
operator-lead = Statement for { $date }, by route. Each figure leads to its rides.
operator-net = Net owed for the day
operator-net-caption = How the day becomes what is owed
operator-opening = Owed before the day
operator-fares = Riders' fares
operator-subsidies = Subsidies of the funders
operator-cash = Cash the operator took for the scheme
operator-paid = Paid out on the day
operator-closing = Owed after the day
operator-holds = Rides and ledger agree
operator-fails = Rides and ledger differ
routes-caption = Routes
routes-empty = No ride of this operator was posted on this day.

## Rides
charges-title = Rides
charges-lead = Every price that was posted on this day. A price that changed later stands here again with its difference.
charges-caption = Rides and their prices
charges-empty = No ride fits these filters.
filter-drop = { $filter } ✕
filter-unpriced = Without a fare
shape-ride = Ride
shape-missing-exit = No exit
shape-missing-entry = No entry
shape-second-tap = Second tap
shape-cancelled = Cancelled
shape-no-fare = No fare

## Tap
tap-title = Tap
tap-posted = Posted
tap-entry = Entry tap
tap-exit = Exit tap
tap-seen = What the device saw
tap-received-at = Received by the gateway
tap-account = Card account
tap-position = Place in the log
tap-position-text = Stream { $stream }, partition { $partition }, offset { $offset }
tap-digest = Digest of the signed body
kind-bus-boarding = Bus boarding
kind-qr-boarding = Bus boarding by QR
kind-metro-entry = Metro entry
kind-metro-exit = Metro exit
kind-school-payment = School payment
kind-top-up = Top-up
why-caption = Why it costs what it costs
why-nothing = This tap has no price of its own: its ride is not known yet.
why-refused = The payment of { $amount } to { $party } under { $reference } was refused; nothing was charged.
why-top-up = { $amount } was paid into the card account through { $party }, reference { $reference }.
why-payment = { $amount } was paid to { $party } for bill { $reference }.
why-from-to = from { $from } to { $to }
why-from = from { $from }
why-to = to { $to }
why-cost = The ride on { $route } { $stops } costs { $gross }: product { $product }, by rule { $rules }.
why-incomplete = The ride on { $route } { $stops } is incomplete ({ $shape }), so the charge for that applies: { $gross }, product { $product }, by rule { $rules }.
why-unknown = The ride on { $route } { $stops } has no fare ({ $reason }): nothing was charged, and it waits for somebody to look at it.
why-rider-alone = The rider, of category “{ $category }”, carries { $rider } alone.
why-shared = The rider, of category “{ $category }”, carries { $rider }; the rest is carried by { $funders }.
why-funder = { $party } ({ $amount })
flag-passback = The same medium was shown again on this ride: it is no second ride, and nothing was charged.
flag-before-window = This tap came so late that it was priced alone: transfers and caps of its day were not looked at.
flag-clock-moved = The clock of the device contradicts the order of its taps; the ride was priced at the time that order allows.
flag-rate-anomaly = The account has more taps in two days than are priced together.
flag-blocked = Card on the deny list
unknown-no-rule = no fare rule fits it
unknown-no-product = the rule's product is missing
unknown-no-incomplete-rule = no rule for incomplete rides fits it
unknown-no-same-station-rule = entry and exit are one station, and no rule says what that costs
unknown-no-route = the route is unknown
unknown-no-stop = the stop is unknown
unknown-no-distance = the distance is unknown
unknown-no-rider = the rider category is unknown
unknown-no-medium = the fare medium is unknown
unknown-overflow = its price is beyond every bound
versions-caption = Versions of the price
versions-empty = There is no price.
lines-caption = Ledger lines
lines-empty = This tap caused no posting.
posting-fare = Fare
posting-rerate = Re-rating
posting-top-up = Top-up
posting-school-payment = School payment
posting-refund = Refund of a fare
posting-pending-top-up = Announced top-up
posting-pass-sale = Pass sold
posting-pass-refund = Pass given back
posting-closing = Account closed
posting-correction = Correction by hand
posting-payout = Payout
posting-bank-line = Bank line
posting-suspense = Suspense
posting-funding = Funding

## Ledger
balance-caption = Accounts
balance-empty = The chart of accounts is not loaded.
balance-holds = Debits equal credits
balance-fails = Debits and credits differ
owners-caption = Owners
owners-empty = Nothing was ever posted to this account.
entries-title = Ledger entries
entries-caption = Debits and credits
entries-empty = No entry fits these filters.

## Breaks
breaks-title = Breaks
breaks-lead = Where the ledger and the bank do not agree. Each break has a reason, an age and a way to both sides.
breaks-caption = Breaks
breaks-empty = No breaks here. Ledger and bank agree as far as statements are loaded.
breaks-open = Open
breaks-closed = Closed
breaks-all = All
break-open = Open
break-closed = Closed
statement-line = Line { $count }

## Bank
bank-lead = Statements enter the ledger only when their balances prove them.
statements-caption = Statements
statements-empty = No statement was loaded yet. Import the bank's camt.053 file to see one.
statement-title = Statement
statement-posted = Posted
statement-not-posted = Not posted
proof-proven = Proven
proof-failed = Does not add up
proof-not-provable = Not provable
continuity-first = First
continuity-follows = Follows
continuity-gap = Gap
proof-caption = Balance proof
proof-booked = Movements booked
proof-difference = Difference
files-caption = Files
files-empty = No file was handed in yet.
file-read = Read
file-refused = Refused
import-caption = Import a statement
import-file = File of the bank (camt.053)
import-do = Import
import-stored = The file was read and its statements are below.
import-again = This file was handed in before; nothing was added.
import-refused = The file was refused: { $reason } ({ $code }). It is kept below with its detail.
bank-lines-caption = Lines
bank-lines-empty = The statement has no lines.
sum-booked = Sum of booked lines
line-matched = Matched
line-pending = Not booked yet
line-unmatched = Unmatched
rule-end-to-end = End-to-end id
rule-reference = Reference

## Payouts
payouts-lead = A maker proposes, a checker approves exactly what was proposed, and the bank's file is made once.
propose-caption = Propose a payout run
propose-none = Every closed day has its run. Close a day to propose the next one.
propose-day = Accounting day
propose-do = Propose
runs-caption = Payout runs
runs-empty = No payout run was proposed yet.
run-proposed = Awaits approval
run-approved = Approved
run-sent = Sent
run-settled = Settled
run-partial = Partly settled
run-title = Payout for { $date }
run-lead = Proposed by { $maker } on { $at }.
run-approved-by = Approved by { $checker } on { $at }.
run-file = Payment file (pain.001)
run-digest = Digest of the proposal
run-file-digest = Digest of the payment file
approve-caption = Approval
approve-do = Approve { $total }
approve-other = Somebody with the role of approver, other than its maker, has to approve this run.
payouts-caption = Payees
payouts-empty = This run pays nobody.
party-kind-operator = Operator
party-kind-school = School

## Quarantine
quarantine-title = Quarantine
quarantine-lead = What was refused, with the exact bytes that came. Nothing is lost here.
quarantine-caption = Refusals
quarantine-empty = Nothing is in quarantine under these filters.
quarantine-open = Open
quarantine-retried = Retried
quarantine-dismissed = Dismissed
quarantine-all = All
refusal-open = Open
refusal-retried = Retried
refusal-dismissed = Dismissed
refusal-caption = The refusal
refusal-by = Resolved by
raw-caption = { $n ->
    [one] The bytes that came ({ $count } byte)
   *[other] The bytes that came ({ $count } bytes)
}
retry-do = Try all again: { $code }
retry-said = { $tried } tried again, { $received } of them taken into the log.
refusal-same = All with this reason
source-gateway = Gateway
source-log = Event log

## Signing in
login-title = Sign in
login-lead = Finance web of the fare clearing house.
login-failed = Login and password do not fit. Check both and try again.
login-name = Login
login-password = Password
login-do = Sign in

## Problems
problem-home = To the accounting days
help-other = Nothing was changed. If it happens again, tell your administrator the request's number below.
help-not-found = The page may have moved, or its record does not exist. Check the address, or start from the accounting days.
help-forbidden = Your role does not include this, or the form was open for too long. Open the page again and retry.
help-unavailable = A part of the system is away. Nothing was changed; try again in a moment.
help-approval-self = Four eyes are needed: ask somebody else with the role of approver.
help-approval-stale = The proposal changed after you opened it. Open it again and look at the new figures.
help-approval-used = This proposal was decided before. Open it to see by whom.

## Codes
code-decode = Cannot be read
code-too-large = Too large
code-mac-bad = Wrong signature
code-key-unknown = Unknown key
code-key-revoked = Key is revoked
code-device-unknown = Unknown device
code-device-mismatch = Another device's body
code-device-operator = Another operator's device
code-medium-unknown = Unknown card
code-stop-unknown = Unknown stop
code-route-unknown = Unknown route
code-party-unknown = Unknown party
code-policy-unknown = No fare policy in force
code-clock-future = Time in the future
code-clock-old = Too old
code-clock-invalid = Impossible time
code-amount-range = Amount out of range
code-amount-currency = Wrong currency
code-text-invalid = Invalid text
code-duplicate = Duplicate
code-tap-conflict = Same number, other content
code-insufficient-funds = Not enough balance
code-account-blocked = Account is blocked
code-account-closed = Account is closed
code-close-too-soon = Cannot be closed yet
code-approval-missing = Another person must agree
code-concession-invalid = Concession is not possible
code-pass-not-sold = Pass is not sold to this rider
code-pass-not-refundable = Pass cannot be given back
code-refund-unknown = Nothing to give back
code-refund-above = More than what is left
code-topup-not-pending = Top-up is not pending
code-seq-gap = Missing taps of a device
code-wrong-partition = Wrong partition
code-poison = Cannot be judged
code-offset-gap = Gap in the log
code-offset-past-end = Position outside the log
code-topic-replaced = The log was replaced
code-file-truncated = File is cut off
code-file-encoding = Wrong text encoding
code-file-xml = Not well-formed XML
code-file-no-profile = Unknown file format
code-stmt-field = A field cannot be read
code-balance-proof = Balances do not add up
code-statement-gap = A statement is missing
code-checksum = Checksum is wrong
code-unmatched-bank = At the bank only
code-unmatched-ledger = In the ledger only
code-amount-diff = Amounts differ
code-ambiguous = Several candidates
code-approval-self = Own proposal
code-approval-stale = The proposal changed
code-approval-used = Already decided
code-unauthenticated = Not signed in
code-forbidden = Not allowed
code-not-found = Not found
code-bad-request = The request cannot be read
code-idempotency-missing = Idempotency key is missing
code-idempotency-mismatch = Key was used for something else
code-unavailable = Not available now
