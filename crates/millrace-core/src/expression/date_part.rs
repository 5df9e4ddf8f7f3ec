//! Parts of times and dates in the proleptic Gregorian calendar, in UTC.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int32Type, TimestampNanosecondType};

use super::numeric::DAY;
use crate::column_type::ColumnType;
use crate::error::PlanError;

const DAYS_OF_ERA: i64 = 146_097;

/// A part of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum DatePart {
    Year,
    Month,
    Day,
    /// 1 for Monday to 7 for Sunday, as in ISO 8601.
    DayOfWeek,
    /// 1 for January 1st.
    DayOfYear,
    Hour,
    Minute,
    Second,
    Millisecond,
}

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
}

impl DatePart {
    /// The part that a plan calls by this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "year" => Self::Year,
            "month" => Self::Month,
            "day" => Self::Day,
            "dayOfWeek" => Self::DayOfWeek,
            "dayOfYear" => Self::DayOfYear,
            "hour" => Self::Hour,
            "minute" => Self::Minute,
            "second" => Self::Second,
            "millisecond" => Self::Millisecond,
            _ => return None,
        })
    }

    /// Whether a date has the part, and not only a time of day.
    pub(crate) fn is_of_dates(self) -> bool {
        !matches!(
            self,
            Self::Hour | Self::Minute | Self::Second | Self::Millisecond
        )
    }

    fn of_day(self, days: i64) -> i64 {
        match self {
            Self::Year => civil(days).year,
            Self::Month => civil(days).month,
            Self::Day => civil(days).day,
            Self::DayOfWeek => (days + 3).rem_euclid(7) + 1,
            Self::DayOfYear => {
                let first = Civil {
                    month: 1,
                    day: 1,
                    ..civil(days)
                };
                days - days_of(first) + 1
            }
            Self::Hour | Self::Minute | Self::Second | Self::Millisecond => 0,
        }
    }

    fn of_time(self, nanos: i64) -> i64 {
        let of_day = nanos.rem_euclid(DAY);
        match self {
            Self::Hour => of_day / 3_600_000_000_000,
            Self::Minute => of_day / 60_000_000_000 % 60,
            Self::Second => of_day / 1_000_000_000 % 60,
            Self::Millisecond => of_day / 1_000_000 % 1000,
            _ => self.of_day(nanos.div_euclid(DAY)),
        }
    }
}

/// The part of every time or date, as i32.
#[expect(
    clippy::cast_possible_truncation,
    reason = "parts of dates of 32 bits fit 32 bits"
)]
pub(crate) fn date_part(
    part: DatePart,
    array: &ArrayRef,
    from: ColumnType,
) -> Result<ArrayRef, PlanError> {
    match from {
        ColumnType::Timestamp => {
            let times = array.as_primitive::<TimestampNanosecondType>();
            Ok(Arc::new(
                times.unary::<_, Int32Type>(|nanos| part.of_time(nanos) as i32),
            ))
        }
        ColumnType::Date => {
            let dates = array.as_primitive::<Date32Type>();
            Ok(Arc::new(dates.unary::<_, Int32Type>(|days| {
                part.of_day(days.into()) as i32
            })))
        }
        other => Err(PlanError::Internal(format!("{part:?} of {other}"))),
    }
}

/// The day that is `days` after January 1st, 1970. Eras of 400 years repeat exactly; years are
/// counted from March, so that the leap day is the last of its year.
pub(crate) fn civil(days: i64) -> Civil {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(DAYS_OF_ERA);
    let day_of_era = shifted.rem_euclid(DAYS_OF_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * from_march + 2) / 5 + 1,
    }
}

/// The days from January 1st, 1970 to a day: the inverse of [`civil`].
pub(crate) fn days_of(Civil { year, month, day }: Civil) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_OF_ERA + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::{Civil, DatePart, civil, days_of};

    #[test]
    fn every_day_of_eight_centuries_follows_the_one_before() {
        let lengths = |year: i64| {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            [
                31,
                28 + i64::from(leap),
                31,
                30,
                31,
                30,
                31,
                31,
                30,
                31,
                30,
                31,
            ]
        };
        let mut days = days_of(Civil {
            year: 1600,
            month: 1,
            day: 1,
        });
        for year in 1600..2400 {
            let mut of_year = 0;
            for (month, length) in (1..).zip(lengths(year)) {
                for day in 1..=length {
                    of_year += 1;
                    assert_eq!(civil(days), Civil { year, month, day });
                    assert_eq!(days_of(Civil { year, month, day }), days);
                    assert_eq!(DatePart::DayOfYear.of_day(days), of_year);
                    days += 1;
                }
            }
        }
        assert_eq!(
            civil(0),
            Civil {
                year: 1970,
                month: 1,
                day: 1
            }
        );
        assert_eq!(DatePart::DayOfWeek.of_day(0), 4, "a Thursday");
        assert_eq!(DatePart::DayOfWeek.of_day(-5), 6, "a Saturday");
    }
}
