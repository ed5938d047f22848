//! Where in the message an element stands. The names are those of every version at once: a fact that moved between
//! versions is found in each of its places.

/// Where an element stands. What is not listed is [`Place::Ignored`], with everything in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Ignored,
    Document,
    Message,
    // The message's header.
    Header,
    HeaderCreated,
    HeaderPages,
    HeaderPage,
    HeaderLastPage,
    // A statement.
    Statement,
    Id,
    ElectronicSequence,
    LegalSequence,
    Created,
    Pages,
    Page,
    LastPage,
    Period,
    PeriodFrom,
    PeriodTo,
    Account,
    AccountId,
    AccountIban,
    AccountOther,
    AccountOtherId,
    AccountType,
    AccountTypeCode,
    AccountCurrency,
    // A balance.
    Balance,
    BalanceType,
    BalanceCodeOrOwn,
    BalanceCode,
    BalanceSubType,
    BalanceAmount,
    BalanceSign,
    BalanceDay,
    BalanceDate,
    // The totals of the entries.
    Summary,
    SummaryAll,
    SummaryAllCount,
    SummaryAllSum,
    SummaryNet,
    SummaryNetAmount,
    SummaryNetSign,
    SummaryCredit,
    SummaryCreditCount,
    SummaryCreditSum,
    SummaryDebit,
    SummaryDebitCount,
    SummaryDebitSum,
    // An entry.
    Entry,
    EntryAmount,
    EntrySign,
    EntryReversal,
    EntryStatus,
    EntryStatusCode,
    EntryBooking,
    EntryBookingDate,
    EntryValue,
    EntryValueDate,
    EntryBankRef,
    EntryInfo,
    // The details of an entry, in blocks.
    Block,
    Batch,
    BatchCount,
    BatchAmount,
    BatchSign,
    Detail,
    DetailRefs,
    DetailBankRef,
    DetailInstruction,
    DetailEndToEnd,
    DetailTransaction,
    DetailAmount,
    DetailSign,
    DetailAmounts,
    DetailTransacted,
    DetailTransactedAmount,
    DetailRemittance,
    DetailText,
    DetailStructured,
    DetailCreditorRef,
    DetailCreditorRefText,
    DetailReturn,
    DetailInfo,
}

impl Place {
    /// Where a child of this place stands, by its name without prefix.
    pub(super) fn child(self, name: &str) -> Place {
        match self {
            Place::Document | Place::Message | Place::Header | Place::HeaderPages => self.header_child(name),
            Place::Statement
            | Place::Pages
            | Place::Period
            | Place::Account
            | Place::AccountId
            | Place::AccountOther
            | Place::AccountType => self.statement_child(name),
            Place::Balance | Place::BalanceType | Place::BalanceCodeOrOwn | Place::BalanceDay => {
                self.balance_child(name)
            }
            Place::Summary
            | Place::SummaryAll
            | Place::SummaryNet
            | Place::SummaryCredit
            | Place::SummaryDebit => self.summary_child(name),
            Place::Entry | Place::EntryStatus | Place::EntryBooking | Place::EntryValue => {
                self.entry_child(name)
            }
            _ => self.detail_child(name),
        }
    }

    fn header_child(self, name: &str) -> Place {
        match (self, name) {
            (Place::Document, "BkToCstmrStmt") => Place::Message,
            (Place::Message, "GrpHdr") => Place::Header,
            (Place::Message, "Stmt") => Place::Statement,
            (Place::Header, "CreDtTm") => Place::HeaderCreated,
            (Place::Header, "MsgPgntn") => Place::HeaderPages,
            (Place::HeaderPages, "PgNb") => Place::HeaderPage,
            (Place::HeaderPages, "LastPgInd") => Place::HeaderLastPage,
            _ => Place::Ignored,
        }
    }

    fn statement_child(self, name: &str) -> Place {
        match (self, name) {
            (Place::Statement, "Ntry") => Place::Entry,
            (Place::Statement, "Bal") => Place::Balance,
            (Place::Statement, "Id") => Place::Id,
            (Place::Statement, "ElctrncSeqNb") => Place::ElectronicSequence,
            (Place::Statement, "LglSeqNb") => Place::LegalSequence,
            (Place::Statement, "CreDtTm") => Place::Created,
            (Place::Statement, "StmtPgntn") => Place::Pages,
            (Place::Statement, "FrToDt") => Place::Period,
            (Place::Statement, "Acct") => Place::Account,
            (Place::Statement, "TxsSummry") => Place::Summary,
            (Place::Pages, "PgNb") => Place::Page,
            (Place::Pages, "LastPgInd") => Place::LastPage,
            (Place::Period, "FrDtTm" | "FrDt") => Place::PeriodFrom,
            (Place::Period, "ToDtTm" | "ToDt") => Place::PeriodTo,
            (Place::Account, "Id") => Place::AccountId,
            (Place::Account, "Tp") => Place::AccountType,
            (Place::Account, "Ccy") => Place::AccountCurrency,
            (Place::AccountId, "IBAN") => Place::AccountIban,
            (Place::AccountId, "Othr") => Place::AccountOther,
            (Place::AccountOther, "Id") => Place::AccountOtherId,
            (Place::AccountType, "Cd" | "Prtry") => Place::AccountTypeCode,
            _ => Place::Ignored,
        }
    }

    fn balance_child(self, name: &str) -> Place {
        match (self, name) {
            (Place::Balance, "Tp") => Place::BalanceType,
            (Place::Balance, "Amt") => Place::BalanceAmount,
            (Place::Balance, "CdtDbtInd") => Place::BalanceSign,
            (Place::Balance, "Dt") => Place::BalanceDay,
            (Place::BalanceType, "CdOrPrtry") => Place::BalanceCodeOrOwn,
            (Place::BalanceType, "SubTp") => Place::BalanceSubType,
            (Place::BalanceType | Place::BalanceCodeOrOwn, "Cd") => Place::BalanceCode,
            (Place::BalanceDay, "Dt" | "DtTm") => Place::BalanceDate,
            _ => Place::Ignored,
        }
    }

    fn summary_child(self, name: &str) -> Place {
        match (self, name) {
            (Place::Summary, "TtlNtries") => Place::SummaryAll,
            (Place::Summary, "TtlCdtNtries") => Place::SummaryCredit,
            (Place::Summary, "TtlDbtNtries") => Place::SummaryDebit,
            (Place::SummaryAll, "NbOfNtries") => Place::SummaryAllCount,
            (Place::SummaryAll, "Sum") => Place::SummaryAllSum,
            // The net total is a plain field with its sign beside it in .02 and .03, and a group of its own later.
            (Place::SummaryAll, "TtlNetNtryAmt") => Place::SummaryNetAmount,
            (Place::SummaryAll, "TtlNetNtry") => Place::SummaryNet,
            (Place::SummaryNet, "Amt") => Place::SummaryNetAmount,
            (Place::SummaryAll | Place::SummaryNet, "CdtDbtInd") => Place::SummaryNetSign,
            (Place::SummaryCredit, "NbOfNtries") => Place::SummaryCreditCount,
            (Place::SummaryCredit, "Sum") => Place::SummaryCreditSum,
            (Place::SummaryDebit, "NbOfNtries") => Place::SummaryDebitCount,
            (Place::SummaryDebit, "Sum") => Place::SummaryDebitSum,
            _ => Place::Ignored,
        }
    }

    fn entry_child(self, name: &str) -> Place {
        match (self, name) {
            (Place::Entry, "Amt") => Place::EntryAmount,
            (Place::Entry, "CdtDbtInd") => Place::EntrySign,
            (Place::Entry, "RvslInd") => Place::EntryReversal,
            (Place::Entry, "Sts") => Place::EntryStatus,
            (Place::Entry, "BookgDt") => Place::EntryBooking,
            (Place::Entry, "ValDt") => Place::EntryValue,
            (Place::Entry, "AcctSvcrRef") => Place::EntryBankRef,
            (Place::Entry, "NtryDtls") => Place::Block,
            (Place::Entry, "AddtlNtryInf") => Place::EntryInfo,
            (Place::EntryStatus, "Cd" | "Prtry") => Place::EntryStatusCode,
            (Place::EntryBooking, "Dt" | "DtTm") => Place::EntryBookingDate,
            (Place::EntryValue, "Dt" | "DtTm") => Place::EntryValueDate,
            _ => Place::Ignored,
        }
    }

    fn detail_child(self, name: &str) -> Place {
        match (self, name) {
            (Place::Block, "Btch") => Place::Batch,
            (Place::Block, "TxDtls") => Place::Detail,
            (Place::Batch, "NbOfTxs") => Place::BatchCount,
            (Place::Batch, "TtlAmt") => Place::BatchAmount,
            (Place::Batch, "CdtDbtInd") => Place::BatchSign,
            (Place::Detail, "Refs") => Place::DetailRefs,
            (Place::Detail, "Amt") => Place::DetailAmount,
            (Place::Detail, "CdtDbtInd") => Place::DetailSign,
            (Place::Detail, "AmtDtls") => Place::DetailAmounts,
            (Place::Detail, "RmtInf") => Place::DetailRemittance,
            (Place::Detail, "RtrInf") => Place::DetailReturn,
            (Place::Detail, "AddtlTxInf") => Place::DetailInfo,
            (Place::DetailRefs, "AcctSvcrRef") => Place::DetailBankRef,
            (Place::DetailRefs, "InstrId") => Place::DetailInstruction,
            (Place::DetailRefs, "EndToEndId") => Place::DetailEndToEnd,
            (Place::DetailRefs, "TxId") => Place::DetailTransaction,
            (Place::DetailAmounts, "TxAmt") => Place::DetailTransacted,
            (Place::DetailTransacted, "Amt") => Place::DetailTransactedAmount,
            (Place::DetailRemittance, "Ustrd") => Place::DetailText,
            (Place::DetailRemittance, "Strd") => Place::DetailStructured,
            (Place::DetailStructured, "CdtrRefInf") => Place::DetailCreditorRef,
            (Place::DetailCreditorRef, "Ref") => Place::DetailCreditorRefText,
            _ => Place::Ignored,
        }
    }

    /// True for an element that holds one value and nothing else: a child in it would change what its text says.
    pub(super) const fn is_value(self) -> bool {
        !self.path_end().is_empty()
    }

    /// The end of the path of an element with a value, for findings; empty for elements that only hold others.
    pub(super) const fn path_end(self) -> &'static str {
        match self {
            Place::HeaderCreated | Place::Created => "CreDtTm",
            Place::HeaderPage => "MsgPgntn/PgNb",
            Place::HeaderLastPage => "MsgPgntn/LastPgInd",
            Place::Id => "Id",
            Place::ElectronicSequence => "ElctrncSeqNb",
            Place::LegalSequence => "LglSeqNb",
            Place::Page => "StmtPgntn/PgNb",
            Place::LastPage => "StmtPgntn/LastPgInd",
            Place::PeriodFrom => "FrToDt/FrDtTm",
            Place::PeriodTo => "FrToDt/ToDtTm",
            Place::AccountIban => "Acct/Id/IBAN",
            Place::AccountOtherId => "Acct/Id/Othr/Id",
            Place::AccountTypeCode => "Acct/Tp",
            Place::AccountCurrency => "Acct/Ccy",
            Place::BalanceCode => "Tp/CdOrPrtry/Cd",
            Place::BalanceAmount | Place::EntryAmount => "Amt",
            Place::BalanceSign | Place::EntrySign => "CdtDbtInd",
            Place::BalanceDate => "Dt",
            Place::SummaryAllCount => "TxsSummry/TtlNtries/NbOfNtries",
            Place::SummaryAllSum => "TxsSummry/TtlNtries/Sum",
            Place::SummaryNetAmount => "TxsSummry/TtlNtries/TtlNetNtry/Amt",
            Place::SummaryNetSign => "TxsSummry/TtlNtries/TtlNetNtry/CdtDbtInd",
            Place::SummaryCreditCount => "TxsSummry/TtlCdtNtries/NbOfNtries",
            Place::SummaryCreditSum => "TxsSummry/TtlCdtNtries/Sum",
            Place::SummaryDebitCount => "TxsSummry/TtlDbtNtries/NbOfNtries",
            Place::SummaryDebitSum => "TxsSummry/TtlDbtNtries/Sum",
            Place::EntryReversal => "RvslInd",
            Place::EntryStatusCode => "Sts/Cd",
            Place::EntryBookingDate => "BookgDt",
            Place::EntryValueDate => "ValDt",
            Place::EntryBankRef => "AcctSvcrRef",
            Place::EntryInfo => "AddtlNtryInf",
            Place::BatchCount => "NtryDtls/Btch/NbOfTxs",
            Place::BatchAmount => "NtryDtls/Btch/TtlAmt",
            Place::BatchSign => "NtryDtls/Btch/CdtDbtInd",
            Place::DetailBankRef => "NtryDtls/TxDtls/Refs/AcctSvcrRef",
            Place::DetailInstruction => "NtryDtls/TxDtls/Refs/InstrId",
            Place::DetailEndToEnd => "NtryDtls/TxDtls/Refs/EndToEndId",
            Place::DetailTransaction => "NtryDtls/TxDtls/Refs/TxId",
            Place::DetailAmount => "NtryDtls/TxDtls/Amt",
            Place::DetailSign => "NtryDtls/TxDtls/CdtDbtInd",
            Place::DetailTransactedAmount => "NtryDtls/TxDtls/AmtDtls/TxAmt/Amt",
            Place::DetailText => "NtryDtls/TxDtls/RmtInf/Ustrd",
            Place::DetailCreditorRefText => "NtryDtls/TxDtls/RmtInf/Strd/CdtrRefInf/Ref",
            Place::DetailInfo => "NtryDtls/TxDtls/AddtlTxInf",
            _ => "",
        }
    }
}
