//! The chart of accounts: two rings, and for each account what its owner number is.

/// Whose money: the customers' (trust) or the scheme's own. Every posting balances inside each ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ring {
    /// Customers' money, kept on guarantee and collection accounts.
    Trust,
    /// The scheme's own money.
    Own,
}

/// What kind of account it is; assets and expenses grow by debit, the others by credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Something we have or are owed.
    Asset,
    /// Something we owe.
    Liability,
    /// Something we earned.
    Income,
    /// Something we spent.
    Expense,
}

/// What the owner number of a line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Always 0.
    None,
    /// A one-card account: a sub-ledger whose sum is the control account.
    Account,
    /// A party of the scheme.
    Party,
}

macro_rules! chart {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $code:literal, $ring:ident, $side:ident, $owner:ident;)*) => {
        /// An account of the chart. Numbers and codes never change; names and statutory codes are data ([`labels`]).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Chart { $($(#[$doc])* $variant = $number,)* }

        impl Chart {
            /// Every account, by number.
            pub const ALL: &'static [Chart] = &[$(Chart::$variant,)*];

            /// The stable number, as the tables of record hold it.
            pub const fn number(self) -> i16 { self as i16 }

            /// The stable code, as reports show it.
            pub const fn code(self) -> &'static str { match self { $(Chart::$variant => $code,)* } }

            /// The ring it belongs to.
            pub const fn ring(self) -> Ring { match self { $(Chart::$variant => Ring::$ring,)* } }

            /// The kind of account.
            pub const fn side(self) -> Side { match self { $(Chart::$variant => Side::$side,)* } }

            /// What its owner number means.
            pub const fn owner_kind(self) -> Owner { match self { $(Chart::$variant => Owner::$owner,)* } }

            /// The account with this number.
            pub const fn from_number(number: i16) -> Option<Chart> {
                match number { $($number => Some(Chart::$variant),)* _ => None }
            }
        }
    };
}

chart! {
    /// Money on the guarantee and collection accounts.
    TrustBank = 1, "TRUST_BANK", Trust, Asset, None;
    /// Announced by a channel, not yet on a proven statement.
    BankClearing = 2, "BANK_CLEARING", Trust, Asset, Party;
    /// Cash a party took for us.
    CashInTransit = 3, "CASH_IN_TRANSIT", Trust, Asset, Party;
    /// Open-loop rides an acquirer owes us.
    AcquirerReceivable = 4, "ACQ_RECEIVABLE", Trust, Asset, Party;
    /// Reductions a funder owes us.
    SubsidyReceivable = 5, "SUBSIDY_RECEIVABLE", Trust, Asset, Party;
    /// Debts of card accounts; never netted against other cards' value.
    NegativeCard = 6, "NEG_CARD", Trust, Asset, Account;
    /// What the scheme's own money owes the trust ring; mirrored by `DueToTrust`.
    DueFromOwn = 7, "DUE_FROM_OWN", Trust, Asset, None;
    /// Open-loop rides an acquirer took back, until the case is decided.
    ChargebackReceivable = 8, "CHARGEBACK_RECEIVABLE", Trust, Asset, Party;
    /// Value of card accounts.
    CardValue = 20, "CARD_VALUE", Trust, Liability, Account;
    /// Money whose owner is not known.
    Suspense = 21, "SUSPENSE", Trust, Liability, None;
    /// Riders' money owed to an operator.
    OperatorFare = 22, "OPERATOR_PAYABLE.fare", Trust, Liability, Party;
    /// Funders' money owed to an operator.
    OperatorSubsidy = 23, "OPERATOR_PAYABLE.subsidy", Trust, Liability, Party;
    /// Money owed to a school.
    SchoolPayable = 24, "SCHOOL_PAYABLE", Trust, Liability, Party;
    /// Paid out, not yet on a proven statement.
    PayoutInFlight = 25, "PAYOUT_IN_FLIGHT", Trust, Liability, Party;
    /// Promised by a bank to a card account, not confirmed: not yet the holder's to spend.
    TopUpPending = 26, "TOPUP_PENDING", Trust, Liability, Account;
    /// Deposits of card accounts, given back when the card is.
    CardDeposit = 27, "CARD_DEPOSIT", Trust, Liability, Account;
    /// What is left to pay out to the holder of a closed card account.
    RefundPayable = 28, "REFUND_PAYABLE", Trust, Liability, Account;
    /// Paid by a card account for passes and ticket books, and not yet earned by anybody.
    ProductLiability = 29, "PRODUCT_LIABILITY", Trust, Liability, Account;
    /// Fees of a channel that payers add and that pass through us.
    ChannelFeePayable = 30, "CHANNEL_FEE_PAYABLE", Trust, Liability, Party;
    /// Value of card accounts nobody has used for long; still claimable.
    Dormant = 31, "DORMANT", Trust, Liability, Account;
    /// The scheme's own bank account.
    OwnBank = 40, "OWN_BANK", Own, Asset, None;
    /// Bank charges and the like.
    ChannelFeeExpense = 41, "CHANNEL_FEE_EXP", Own, Expense, None;
    /// Debts and receivables given up.
    WriteOffExpense = 42, "WRITE_OFF_EXP", Own, Expense, None;
    /// Cash counted short, less cash counted over.
    CashOverShort = 43, "CASH_OVER_SHORT", Own, Expense, None;
    /// Chargebacks lost that no operator bears.
    ChargebackLoss = 44, "CHARGEBACK_LOSS", Own, Expense, None;
    /// Value added tax paid to suppliers.
    VatInput = 45, "VAT.input", Own, Asset, None;
    /// What the scheme's own money owes the trust ring.
    DueToTrust = 60, "DUE_TO_TRUST", Own, Liability, None;
    /// Fees the scheme earned.
    FeeIncome = 61, "FEE_INCOME", Own, Income, None;
    /// Value added tax owed on what was earned.
    VatOutput = 62, "VAT.output", Own, Liability, None;
    /// Dormant value that the law gives to the scheme.
    Breakage = 63, "BREAKAGE", Own, Income, None;
}

impl Chart {
    /// The account under which positions count it. A card's value and its debt are one position: which of the two a
    /// charge met depends on whether the top-up or the ride came first, what they come to together does not.
    pub const fn in_positions(self) -> Chart {
        match self {
            Chart::NegativeCard => Chart::CardValue,
            other => other,
        }
    }
}

/// The words for an account, which a deployment may adapt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Which account.
    pub chart: Chart,
    /// The statutory account it maps to.
    pub vas_code: String,
    /// English name.
    pub name_en: String,
    /// Vietnamese name.
    pub name_vi: String,
}

/// Reads the labels of a chart file (`code,vas_code,name_en,name_vi`); `None` when a line is malformed, a code is
/// unknown, or an account has no label.
pub fn labels(csv_text: &str) -> Option<Vec<Label>> {
    let mut reader = csv::Reader::from_reader(csv_text.as_bytes());
    let mut labels = Vec::new();
    for row in reader.records() {
        let row = row.ok()?;
        let chart = Chart::ALL.iter().copied().find(|chart| Some(chart.code()) == row.get(0))?;
        let field = |index| row.get(index).map(str::to_owned);
        labels.push(Label { chart, vas_code: field(1)?, name_en: field(2)?, name_vi: field(3)? });
    }
    labels.sort_by_key(|label| label.chart);
    labels.iter().map(|label| label.chart).eq(Chart::ALL.iter().copied()).then_some(labels)
}

/// The labels shipped with the program.
pub const LABELS: &str = include_str!("../chart.csv");
