#include "connectors/nexmark/nexmark_generator.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <ranges>

#include "base/assert.h"
#include "connectors/nexmark/row_writer.h"

namespace millrace::connectors {
namespace {

using data::Field;
using data::Type;
using data::TypeKind;

constexpr int64_t kFirstId = 1000;
constexpr int64_t kActivePeople = 1000;
constexpr int64_t kPeopleToCome = 10;
constexpr int64_t kInFlightAuctions = 100;
constexpr int64_t kAuctionsToCome = 10;
constexpr int64_t kHotStep = 100;
constexpr uint32_t kHotChannels = 4;
constexpr uint32_t kOtherChannels = 10'000;
constexpr uint32_t kPoolLetters = 16'384;
constexpr uint32_t kLongestText = 640;
constexpr int kPriceBits = 12;

constexpr std::array<std::string_view, 11> kFirstNames = {
    "Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"};
constexpr std::array<std::string_view, 9> kLastNames = {
    "Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"};
constexpr std::array<std::string_view, 6> kStates = {"AZ", "CA", "ID", "OR", "WA", "WY"};
constexpr std::array<std::string_view, 10> kCities = {
    "Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland",
    "Bend",    "Redmond",     "Seattle",       "Kent",  "Cheyenne"};
constexpr std::array<std::string_view, kHotChannels> kHotChannelNames = {"Google", "Facebook",
                                                                         "Baidu", "Apple"};

// A share of `range` from 32 bits of a draw.
uint64_t scaled(uint32_t bits, uint64_t range) {
  return (uint64_t{bits} * range) >> 32;
}
uint32_t high_half(uint64_t draw) {
  return static_cast<uint32_t>(draw >> 32);
}
uint32_t low_half(uint64_t draw) {
  return static_cast<uint32_t>(draw);
}

Type row_of(std::vector<Field> fields) {
  return Type::row(std::move(fields));
}

}  // namespace

data::SchemaPtr nexmark_schema() {
  const Type text(TypeKind::kVarchar);
  const Type number(TypeKind::kBigint);
  const Type time = Type::timestamp(3);
  return data::make_schema({{"event_type", Type(TypeKind::kInt), true},
                            {"person",
                             row_of({{"id", number},
                                     {"name", text},
                                     {"emailAddress", text},
                                     {"creditCard", text},
                                     {"city", text},
                                     {"state", text},
                                     {"dateTime", time},
                                     {"extra", text}}),
                             true},
                            {"auction",
                             row_of({{"id", number},
                                     {"itemName", text},
                                     {"description", text},
                                     {"initialBid", number},
                                     {"reserve", number},
                                     {"dateTime", time},
                                     {"expires", time},
                                     {"seller", number},
                                     {"category", number},
                                     {"extra", text}}),
                             true},
                            {"bid",
                             row_of({{"auction", number},
                                     {"bidder", number},
                                     {"price", number},
                                     {"channel", text},
                                     {"url", text},
                                     {"dateTime", time},
                                     {"extra", text}}),
                             true}});
}

// Physical rows of each kind in a batch, ascending, and the event each row is.
struct NexmarkGenerator::Rows {
  uint64_t first = 0;
  uint32_t count = 0;
  std::vector<uint32_t> people, auctions, bids;
};

NexmarkGenerator::NexmarkGenerator(const NexmarkOptions& options)
    : options_(options),
      period_(static_cast<uint64_t>(options.person_proportion + options.auction_proportion +
                                    options.bid_proportion)) {
  letters_.reserve(kPoolLetters + kLongestText);
  for (uint64_t at = 0; at < kPoolLetters + kLongestText; ++at) {
    letters_.push_back(static_cast<char>('a' + mix(at, 100) % 26));
  }
  for (uint32_t index = 0; index < kHotChannels + kOtherChannels; ++index) {
    const uint64_t draw = mix(index, 101);
    const bool hot = index < kHotChannels;
    channels_.push_back(hot ? std::string(kHotChannelNames[index])
                            : fmt::format("channel-{}", index - kHotChannels));
    urls_.push_back(fmt::format("https://www.nexmark.com/{}/{}/{}/item.htm?query=1",
                                letters(draw, 5), letters(draw >> 14, 5), letters(draw >> 28, 5)));
    if (!hot && scaled(low_half(mix(index, 102)), 10) != 0) {
      urls_.back() += fmt::format("&channel_id={}", high_half(mix(index, 103)) >> 1);
    }
  }
  for (int step = 0; step < 1 << kPriceBits; ++step) {
    const double share = static_cast<double>(step) / (1 << kPriceBits);
    price_high_.push_back(std::pow(10.0, 6.0 * share) * 100.0);
    price_low_.push_back(std::pow(10.0, 6.0 * share / (1 << kPriceBits)));
  }
}

uint64_t NexmarkGenerator::mix(uint64_t number, uint64_t field) const {
  uint64_t value = static_cast<uint64_t>(options_.seed) + number * 0x9E3779B97F4A7C15ULL +
                   field * 0xD1B54A32D192ED03ULL;
  value = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93ULL;
  value = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93ULL;
  return value ^ (value >> 32);
}

int64_t NexmarkGenerator::event_time_us(uint64_t number) const {
  constexpr uint64_t kHalfSeconds = kNexmarkRatePeriodSeconds / 2;
  const auto first_rate = static_cast<uint64_t>(options_.first_event_rate);
  const auto next_rate = static_cast<uint64_t>(options_.next_event_rate);
  const uint64_t first_half = kHalfSeconds * first_rate;
  const uint64_t whole = first_half + kHalfSeconds * next_rate;
  const uint64_t within = number % whole;
  uint64_t ms = number / whole * kNexmarkRatePeriodSeconds * 1'000;
  ms += within < first_half ? within * 1'000 / first_rate
                            : kHalfSeconds * 1'000 + (within - first_half) * 1'000 / next_rate;
  return options_.base_time_us + static_cast<int64_t>(ms) * 1'000;
}

uint64_t NexmarkGenerator::due(uint64_t first, uint64_t count, int64_t wall_us) const {
  const auto offsets = std::views::iota(uint64_t{0}, count);
  return static_cast<uint64_t>(
      std::ranges::partition_point(
          offsets, [&](uint64_t offset) { return event_time_us(first + offset) <= wall_us; }) -
      offsets.begin());
}

NexmarkGenerator::Kind NexmarkGenerator::kind_of(uint64_t number) const {
  const auto at = static_cast<int64_t>(number % period_);
  if (at < options_.person_proportion) return Kind::kPerson;
  return at < options_.person_proportion + options_.auction_proportion ? Kind::kAuction
                                                                       : Kind::kBid;
}

uint64_t NexmarkGenerator::people_until(uint64_t number) const {
  const auto share = static_cast<uint64_t>(options_.person_proportion);
  return number / period_ * share + std::min(number % period_ + 1, share);
}

uint64_t NexmarkGenerator::auctions_until(uint64_t number) const {
  const auto share = static_cast<uint64_t>(options_.auction_proportion);
  const auto before = static_cast<uint64_t>(options_.person_proportion);
  const uint64_t at = number % period_ + 1;
  return number / period_ * share + (at <= before ? 0 : std::min(at - before, share));
}

int64_t NexmarkGenerator::pick_person(uint64_t number, uint64_t draw, int64_t hot_offset) const {
  const int64_t last = kFirstId + static_cast<int64_t>(people_until(number)) - 1;
  if ((draw & 3) != 0) return std::max(last, kFirstId) / kHotStep * kHotStep + hot_offset;
  const int64_t oldest = std::max(kFirstId, last - kActivePeople + 1);
  const auto range = static_cast<uint64_t>(std::max(last, kFirstId) + kPeopleToCome - oldest + 1);
  return oldest + static_cast<int64_t>(scaled(high_half(draw), range));
}

int64_t NexmarkGenerator::pick_auction(uint64_t number, uint64_t draw) const {
  const int64_t last =
      std::max(kFirstId, kFirstId + static_cast<int64_t>(auctions_until(number)) - 1);
  if ((draw & 1) != 0) return last / kHotStep * kHotStep;
  const int64_t oldest = std::max(kFirstId, last - kInFlightAuctions + 1);
  const auto range = static_cast<uint64_t>(last + kAuctionsToCome - oldest + 1);
  return oldest + static_cast<int64_t>(scaled(high_half(draw), range));
}

int64_t NexmarkGenerator::price(uint64_t draw) const {
  constexpr uint64_t kMask = (1 << kPriceBits) - 1;
  return static_cast<int64_t>(price_high_[draw & kMask] * price_low_[(draw >> kPriceBits) & kMask] +
                              0.5);
}

std::string_view NexmarkGenerator::letters(uint64_t draw, uint32_t length) const {
  return {letters_.data() + draw % kPoolLetters, length};
}

std::string_view NexmarkGenerator::padding(uint64_t draw, uint32_t bytes, uint32_t target) const {
  if (bytes >= target) return {};
  const uint32_t missing = target - bytes;
  const uint32_t spread = missing / 5;
  const auto extra = static_cast<uint32_t>(scaled(high_half(draw), 2 * spread + 1));
  return letters(draw, missing - spread + extra);
}

data::Batch NexmarkGenerator::generate(uint64_t first, uint32_t count,
                                       const data::SchemaPtr& schema,
                                       const std::vector<NexmarkColumn>& columns) const {
  MILLRACE_ASSERT(count <= data::kBatchRowsMax);
  Rows rows{first, count, {}, {}, {}};
  for (uint32_t row = 0; row < count; ++row) {
    const Kind kind = kind_of(first + row);
    (kind == Kind::kBid       ? rows.bids
     : kind == Kind::kAuction ? rows.auctions
                              : rows.people)
        .push_back(row);
  }
  std::vector<data::ColumnPtr> made;
  for (const NexmarkColumn column : columns) {
    switch (column) {
      case NexmarkColumn::kEventType:
        made.push_back(event_types(rows));
        break;
      case NexmarkColumn::kPerson:
        made.push_back(people(rows));
        break;
      case NexmarkColumn::kAuction:
        made.push_back(auctions(rows));
        break;
      case NexmarkColumn::kBid:
        made.push_back(bids(rows));
        break;
    }
  }
  return data::Batch(schema, std::move(made), count);
}

data::ColumnPtr NexmarkGenerator::event_types(const Rows& rows) const {
  Buffer values = Buffer::allocate(rows.count * sizeof(int32_t));
  for (uint32_t row = 0; row < rows.count; ++row) {
    values.mutable_as<int32_t>()[row] = static_cast<int32_t>(kind_of(rows.first + row));
  }
  return data::Column::flat(
      {.type = Type(TypeKind::kInt), .rows = rows.count, .values = std::move(values)});
}

data::ColumnPtr NexmarkGenerator::people(const Rows& rows) const {
  RowWriter writer(nexmark_schema()->field(1).type, rows.count, rows.people.size(), kLongestText);
  for (const uint32_t row : rows.people) {
    const uint64_t number = rows.first + row;
    const uint64_t names = mix(number, 1);
    const uint64_t address = mix(number, 2);
    const uint64_t card = mix(number, 3);
    std::array<char, 32> name;
    std::array<char, 32> email;
    std::array<char, 20> digits;
    const auto name_end = fmt::format_to_n(name.data(), name.size(), "{} {}",
                                           kFirstNames[scaled(low_half(names), kFirstNames.size())],
                                           kLastNames[scaled(high_half(names), kLastNames.size())]);
    const auto email_end = fmt::format_to_n(email.data(), email.size(), "{}@{}.com",
                                            letters(address, 7), letters(address >> 32, 5));
    const auto card_end =
        fmt::format_to_n(digits.data(), digits.size(), "{:04} {:04} {:04} {:04}", card % 10'000,
                         (card >> 16) % 10'000, (card >> 32) % 10'000, (card >> 48) % 10'000);
    const uint64_t place = mix(number, 4);
    const std::string_view city = kCities[scaled(low_half(place), kCities.size())];
    const auto bytes =
        static_cast<uint32_t>(8 + name_end.size + email_end.size + card_end.size + city.size() + 2);
    writer.number(0, row, kFirstId + static_cast<int64_t>(people_until(number)) - 1);
    writer.text(1, row, {name.data(), name_end.size});
    writer.text(2, row, {email.data(), email_end.size});
    writer.text(3, row, {digits.data(), card_end.size});
    writer.text(4, row, city);
    writer.text(5, row, kStates[scaled(high_half(place), kStates.size())]);
    writer.number(6, row, event_time_us(number));
    writer.text(7, row, padding(mix(number, 5), bytes, 200));
    writer.set(row);
  }
  return writer.finish();
}

data::ColumnPtr NexmarkGenerator::auctions(const Rows& rows) const {
  RowWriter writer(nexmark_schema()->field(2).type, rows.count, rows.auctions.size(), kLongestText);
  const int64_t span_ms =
      2 * kInFlightAuctions * static_cast<int64_t>(period_) * 1'000 /
      (std::max<int64_t>(1, options_.auction_proportion) * options_.next_event_rate);
  for (const uint32_t row : rows.auctions) {
    const uint64_t number = rows.first + row;
    const uint64_t texts = mix(number, 11);
    const uint64_t prices = mix(number, 12);
    const uint64_t rest = mix(number, 13);
    const std::string_view item = letters(texts, 3 + scaled(high_half(texts), 18));
    const std::string_view description =
        letters(texts >> 16, 3 + scaled(high_half(texts * 31), 98));
    const int64_t initial = price(prices);
    const int64_t time = event_time_us(number);
    const int64_t lasts_ms =
        1 + static_cast<int64_t>(scaled(high_half(rest), static_cast<uint64_t>(span_ms) + 1));
    const auto bytes = static_cast<uint32_t>(8 * 7 + item.size() + description.size());
    writer.number(0, row, kFirstId + static_cast<int64_t>(auctions_until(number)) - 1);
    writer.text(1, row, item);
    writer.text(2, row, description);
    writer.number(3, row, initial);
    writer.number(4, row, initial + price(prices >> 24));
    writer.number(5, row, time);
    writer.number(6, row, time + lasts_ms * 1'000);
    writer.number(7, row, pick_person(number, mix(number, 14), 0));
    writer.number(8, row, 10 + static_cast<int64_t>(scaled(low_half(rest), 5)));
    writer.text(9, row, padding(mix(number, 15), bytes, 500));
    writer.set(row);
  }
  return writer.finish();
}

data::ColumnPtr NexmarkGenerator::bids(const Rows& rows) const {
  RowWriter writer(nexmark_schema()->field(3).type, rows.count, rows.bids.size(), 128);
  for (const uint32_t row : rows.bids) {
    const uint64_t number = rows.first + row;
    const uint64_t draw = mix(number, 22);
    const uint64_t which = high_half(draw);
    const uint64_t channel = (draw & (1ULL << 24)) != 0
                                 ? which % kHotChannels
                                 : kHotChannels + scaled(high_half(draw), kOtherChannels);
    writer.number(0, row, pick_auction(number, mix(number, 20)));
    writer.number(1, row, pick_person(number, mix(number, 21), 1));
    writer.number(2, row, price(draw));
    writer.text(3, row, channels_[channel]);
    writer.text(4, row, urls_[channel]);
    writer.number(5, row, event_time_us(number));
    writer.text(6, row, padding(mix(number, 23), 32, 100));
    writer.set(row);
  }
  return writer.finish();
}

}  // namespace millrace::connectors
