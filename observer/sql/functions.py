"""Functions that read nothing but their arguments and change nothing: the only ones that SQL in a contract may call."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Names of sqlglot classes. Aggregates (`exp.AggFunc`) are allowed beside these.
TYPED = _words(
    """
    Abs Acos AddMonths And Anonymous ArrayAgg ArrayContains ArraySize Ascii Asin Atan Atan2 Between BitLength
    ByteLength Case Cast Cbrt Ceil Chr Coalesce Collate Concat ConcatWs Contains ConvertTimezone Cos CumeDist
    CurrentDate CurrentDatetime CurrentTime CurrentTimestamp CurrentTimestampLTZ Date DateAdd DateDiff
    DateFromParts DateStrToDate DateSub DateTrunc Datetime DatetimeAdd DatetimeDiff DatetimeSub DatetimeTrunc
    Day DayOfMonth DayOfWeek DayOfWeekIso DayOfYear Degrees DenseRank EndsWith EqualNull Exists Exp Extract
    FirstValue Floor Format Greatest Hour If Initcap Interval IsInf IsNan IsNullValue JSONBContains JSONBExists
    JSONBExtract JSONBExtractScalar JSONExtract JSONExtractScalar JSONFormat JSONType Lag LastDay LastValue Lead
    Least Left Length Levenshtein Ln Localtime Localtimestamp Log Lower MakeInterval Minute Mod Month
    MonthsBetween Nanvl NthValue Ntile Nullif NumberToStr Nvl2 Or Overlay Pad ParseJSON PercentRank Pi Pow
    Quarter Radians Rank RegexpExtract RegexpFullMatch RegexpILike RegexpInstr RegexpLike RegexpReplace
    RegexpSplit Repeat Replace Reverse Right Round RowNumber SafeDivide Second Sign Sin Space Split SplitPart
    Sqrt StartsWith StrPosition StrToDate StrToTime StrToUnix Stuff Substring SubstringIndex Tan Time TimeAdd
    TimeDiff TimeFromParts TimeStrToDate TimeStrToTime TimeStrToUnix TimeSub TimeToStr TimeToUnix TimeTrunc
    Timestamp TimestampAdd TimestampDiff TimestampFromParts TimestampSub TimestampTrunc ToChar ToDays ToNumber
    Translate Trim Trunc Try TryCast TsOrDiToDi TsOrDsAdd TsOrDsDiff TsOrDsToDate TsOrDsToDateStr
    TsOrDsToDatetime TsOrDsToTime TsOrDsToTimestamp Typeof Unicode UnixDate UnixMillis UnixSeconds UnixToTime
    Upper UtcDate UtcTime UtcTimestamp Week WeekOfYear WidthBucket Xor Year YearOfWeek YearOfWeekIso
    """
)

#: Functions that sqlglot has no class for, in lower case.
NAMED = _words(
    """
    age btrim char_length character_length clock_timestamp contains date_add date_part date_sub dateadd datediff
    datetime dayname ends_with epoch ifnull iif instr isdate isfinite jaccard jaro_similarity
    jaro_winkler_similarity json_array_length json_extract_string json_typeof json_valid jsonb_array_length
    jsonb_typeof julian julianday justify_days justify_hours justify_interval len list_contains ltrim monthname
    now nullifzero num_nonnulls num_nulls nvl octet_length period_diff position prefix regexp_like
    regexp_matches rtrim similarity starts_with statement_timestamp strftime strip_accents strptime suffix
    timediff to_timestamp total transaction_timestamp try_strptime typeof unixepoch word_similarity zeroifnull
    """
)
