#include "operators/window/window_aggregate.h"

#include <algorithm>
#include <map>
#include <set>

#include "operators/operator_driving_test.h"
#include "operators/window/window_assign.h"

namespace millrace::operators {
namespace {

using testing::schema_of;

constexpr int64_t kMs = 1000;

const data::SchemaPtr& rows_schema() {
  static const data::SchemaPtr schema = schema_of("t TIMESTAMP(3), k INT, v BIGINT, s STRING");
  return schema;
}

std::string time_text(int64_t us) {
  return data::to_string(data::Value(us), data::Type::timestamp(3));
}

struct Case {
  WindowSpec window;
  int64_t lateness_us = 0;
  bool early = false;
  bool changing = false;
  bool distinct = false;
  int64_t every_us = 0;
  uint64_t every_rows = 0;
};

WindowAggregateSpec spec_of(const Case& with, std::vector<uint32_t> keys = {1}) {
  const data::Schema& in = *rows_schema();
  WindowAggregateSpec spec{.window = with.window,
                           .time_column = 0,
                           .input = rows_schema(),
                           .output = nullptr,
                           .keys = std::move(keys),
                           .calls = {call_of("COUNT", in, {}), call_of("SUM", in, {2}),
                                     call_of("MAX", in, {2}), call_of("MIN", in, {3})},
                           .changing_input = with.changing,
                           .allowed_lateness_us = with.lateness_us,
                           .early = with.early,
                           .early_every_us = with.every_us,
                           .early_rows = with.every_rows};
  if (with.distinct) spec.calls.push_back(call_of("COUNT", in, {2}, std::nullopt, true));
  std::vector<data::Field> fields;
  for (const uint32_t key : spec.keys) fields.push_back(in.field(key));
  for (const char* name : {"window_start", "window_end", "window_time"}) {
    fields.push_back({name, data::Type::timestamp(3), false});
  }
  for (const AggregateCall& call : spec.calls) {
    fields.push_back({"c" + std::to_string(fields.size()), call.function->result, true});
  }
  spec.output = data::make_schema(std::move(fields));
  return spec;
}

// Every window with its rows, one row at a time.
class Model {
 public:
  explicit Model(const Case& with) : with_(with) {}

  // "+I time | k | v | s", with the time in µs.
  void push(const std::string& line) {
    const int weight = line[0] == '+' ? 1 : -1;
    const auto cells = cells_of(line.substr(3));
    const int64_t time = std::stoll(cells[0]);
    const int64_t last = last_window_start(with_.window, time);
    if (last + with_.window.size_us <= time) return;
    if (is_final(last)) late_.push_back(line);
    for (int64_t start = last; start + with_.window.size_us > time;
         start -= with_.window.slide_us) {
      if (is_final(start)) continue;
      auto& rows = windows_[{start, cells[1]}];
      rows[cells[2] + " | " + cells[3]] += weight;
      orders_[{start, cells[1]}].push_back(cells[2] + " | " + cells[3]);
    }
  }
  void watermark(int64_t time) { watermark_ = std::max(watermark_, time); }
  size_t late() const { return late_.size(); }

  Lines table() const {
    Lines lines;
    for (const auto& [window, rows] : windows_) {
      const int64_t end = window.first + with_.window.size_us;
      if (end > watermark_ && !with_.early) continue;
      const bool in_steps = with_.every_rows > 0 && end > watermark_;
      append_row(lines, window.second, end, in_steps ? whole_steps(window) : rows);
    }
    std::ranges::sort(lines);
    return lines;
  }

 private:
  // The rows of a window up to the last multiple of every_rows.
  std::map<std::string, int64_t> whole_steps(const std::pair<int64_t, std::string>& window) const {
    const Lines& order = orders_.at(window);
    std::map<std::string, int64_t> rows;
    const size_t told = order.size() / with_.every_rows * with_.every_rows;
    for (size_t n = 0; n < told; ++n) ++rows[order[n]];
    return rows;
  }
  bool is_final(int64_t start) const {
    return start + with_.window.size_us + with_.lateness_us <= watermark_;
  }
  void append_row(Lines& lines, const std::string& key, int64_t end,
                  const std::map<std::string, int64_t>& rows) const {
    int64_t count = 0, sum = 0;
    std::set<std::string> values, texts;  // one digit each
    for (const auto& [row, times] : rows) {
      if (times == 0) continue;
      const auto cells = cells_of(row);
      count += times;
      if (cells[1] != "NULL") texts.insert(cells[1]);
      if (cells[0] == "NULL") continue;
      values.insert(cells[0]);
      sum += times * std::stoll(cells[0]);
    }
    if (count == 0) return;
    lines.push_back(key + " | " + time_text(end - with_.window.size_us) + " | " + time_text(end) +
                    " | " + time_text(end - kMs) + " | " + std::to_string(count) + " | " +
                    (values.empty() ? "NULL" : std::to_string(sum)) + " | " +
                    (values.empty() ? "NULL" : *values.rbegin()) + " | " +
                    (texts.empty() ? "NULL" : *texts.begin()));
    if (with_.distinct) lines.back() += " | " + std::to_string(values.size());
  }

  const Case with_;
  int64_t watermark_ = INT64_MIN;
  std::map<std::pair<int64_t, std::string>, std::map<std::string, int64_t>> windows_;
  std::map<std::pair<int64_t, std::string>, Lines> orders_;  // rows as they came
  Lines late_;
};

void run_against_model(const Case& with, uint32_t cut) {
  auto driver =
      drive(make_window_aggregate, spec_of(with), {rows_schema()}, {.batch_rows_max = cut});
  Model model(with);
  int64_t now = -30 * kMs;
  size_t late = 0;
  engine::Timestamp clock = 0;
  if (with.every_us > 0) driver.tick(clock);
  RandomChanges changes(cut + with.window.size_us, [&](std::mt19937_64& random) {
    const auto pick = [&](std::vector<std::string> from) { return from[random() % from.size()]; };
    const int64_t time = now + static_cast<int64_t>(random() % 40) * kMs / 2 - 8 * kMs;
    return std::to_string(time) + " | " + pick({"NULL", "1", "2"}) + " | " +
           pick({"NULL", "3", "5", "8"}) + " | " + pick({"NULL", "a", "b"});
  });
  for (int epoch = 0; epoch < 40; ++epoch) {
    for (int step = 0; step < 3; ++step) {
      const std::string rows = changes.next_rows(changes.random()() % 8, with.changing ? 30 : 0);
      driver.push(rows);
      for (size_t from = 0; from < rows.size(); from = rows.find('\n', from) + 1) {
        model.push(rows.substr(from, rows.find('\n', from) - from));
      }
      now += static_cast<int64_t>(changes.random()() % 6) * kMs;
      if (!changes.chance(60)) continue;
      driver.watermark(now - 6 * kMs);
      model.watermark(now - 6 * kMs);
    }
    const bool is_told = with.every_us == 0 || changes.chance(40);
    if (with.every_us > 0 && is_told) driver.tick(clock += with.every_us);
    if (changes.chance(30)) driver.crash_and_replay();
    driver.barrier();
    if (is_told) {
      ASSERT_EQ(driver.net(), model.table()) << "epoch " << epoch << ", cut " << cut;
    }
    late += driver.take_late().size();
    ASSERT_EQ(late, model.late());
    if (changes.chance(20)) driver.crash();
  }
  driver.end();
  model.watermark(INT64_MAX - 1000 * kMs);
  driver.barrier();
  ASSERT_EQ(driver.net(), model.table());
  ASSERT_TRUE(driver.take_rejections().empty());
  EXPECT_LE(driver.state().entries(), 1U);
  driver.crash();
  driver.barrier();
  ASSERT_EQ(driver.net(), model.table());
}

TEST(WindowAggregate, IsWhatAModelSays) {
  const WindowSpec windows[] = {{10 * kMs, 10 * kMs, 0}, {10 * kMs, 10 * kMs, 3 * kMs},
                                {10 * kMs, 5 * kMs, 0},  {10 * kMs, 4 * kMs, -kMs},
                                {6 * kMs, 2 * kMs, 0},   {4 * kMs, 6 * kMs, 0}};
  for (const WindowSpec& window : windows) {
    for (const uint32_t cut : batch_cuts()) {
      SCOPED_TRACE(::testing::Message() << window.size_us << "/" << window.slide_us);
      for (const int64_t lateness : {int64_t{0}, 7 * kMs}) {
        for (const bool early : {false, true}) {
          for (const bool changing : {false, true}) {
            run_against_model({window, lateness, early, changing, false}, cut);
            run_against_model({window, lateness, early, changing, true}, cut);
            if (early) {
              run_against_model({window, lateness, true, changing, cut == 7, 5 * kMs}, cut);
            }
            if (::testing::Test::HasFatalFailure()) return;
          }
        }
      }
    }
  }
}

TEST(WindowAggregate, AfterSoManyRowsAGroupIsAsItWasWithTheLastOfThem) {
  for (const WindowSpec& window : {WindowSpec{10 * kMs, 10 * kMs, 0}, {30 * kMs, 30 * kMs, kMs}}) {
    for (const uint32_t cut : batch_cuts()) {
      for (const int64_t lateness : {int64_t{0}, 7 * kMs}) {
        for (const uint64_t rows : {1U, 2U, 3U, 5U}) {
          SCOPED_TRACE(::testing::Message() << window.size_us << ", " << rows << " rows");
          run_against_model({window, lateness, true, false, rows % 2 == 0, 0, rows}, cut);
          if (::testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(WindowAggregate, ClosesInOrderOfTimeBeforeTheWatermarkGoesOn) {
  auto driver = drive(make_window_aggregate, spec_of({{10 * kMs, 5 * kMs, 0}}), {rows_schema()});
  driver.push("12000 | 1 | 1 | a\n-3000 | 1 | 2 | b\n1000 | 1 | 3 | c");
  driver.watermark(9 * kMs);
  EXPECT_EQ(driver.take(), (Lines{"+I 1 | " + time_text(-10 * kMs) + " | " + time_text(0) + " | " +
                                      time_text(-kMs) + " | 1 | 2 | 2 | b",
                                  "+I 1 | " + time_text(-5 * kMs) + " | " + time_text(5 * kMs) +
                                      " | " + time_text(4 * kMs) + " | 2 | 5 | 3 | b"}));
  driver.end();
  EXPECT_EQ(driver.take().size(), 3U);
}

TEST(WindowAggregate, ARowIsLateWhenItsLastWindowIsFinal) {
  auto driver =
      drive(make_window_aggregate, spec_of({{10 * kMs, 10 * kMs, 0}, 5 * kMs}), {rows_schema()});
  driver.push("1000 | 1 | 1 | a");
  driver.watermark(10 * kMs);
  EXPECT_EQ(driver.take().size(), 1U);
  driver.watermark(14 * kMs);
  driver.push("2000 | 1 | 1 | a");
  EXPECT_TRUE(driver.take_late().empty());
  driver.watermark(15 * kMs);
  EXPECT_EQ(driver.take().size(), 2U);  // the correction, before the window is forgotten
  driver.push("2000 | 1 | 1 | a");
  EXPECT_EQ(driver.take_late(), (Lines{"+I " + time_text(2 * kMs) + " | 1 | 1 | a"}));
  driver.barrier();
  EXPECT_TRUE(driver.take().empty());
}

TEST(WindowAggregate, EarlyRowsComeWhenTheirTimeHasComeOrAWindowCloses) {
  Case with{{10 * kMs, 10 * kMs, 0}};
  with.early = true;
  with.every_us = 60 * kMs;
  auto driver = drive(make_window_aggregate, spec_of(with), {rows_schema()});
  driver.tick(5 * kMs);
  driver.push("1000 | 1 | 1 | a");
  driver.barrier();
  EXPECT_TRUE(driver.take().empty());
  EXPECT_EQ(driver.op().next_timer(), 60 * kMs);
  driver.tick(60 * kMs);
  EXPECT_EQ(driver.take().size(), 1U);
  EXPECT_EQ(driver.op().next_timer(), engine::kTimeMax);
  driver.push("2000 | 1 | 1 | a");
  driver.barrier();
  driver.crash();
  driver.push("3000 | 1 | 1 | a");
  driver.barrier();
  EXPECT_TRUE(driver.take().empty());
  driver.watermark(10 * kMs);
  const std::string window =
      "1 | " + time_text(0) + " | " + time_text(10 * kMs) + " | " + time_text(9 * kMs) + " | ";
  EXPECT_EQ(driver.take(),
            (Lines{"-U " + window + "1 | 1 | 1 | a", "+U " + window + "3 | 3 | 1 | a"}));
}

TEST(WindowAggregate, ARowWithoutEventTimeIsRejected) {
  auto driver = drive(make_window_aggregate, spec_of({{10 * kMs, 10 * kMs, 0}}), {rows_schema()});
  driver.push("NULL | 1 | 1 | a\n9223372036854775000 | 1 | 1 | a");
  const auto rejections = driver.take_rejections();
  ASSERT_EQ(rejections.size(), 2U);
  EXPECT_EQ(rejections[0].code, ErrorCode::kNullEventTime);
  EXPECT_EQ(rejections[1].code, ErrorCode::kDatetimeOverflow);
}

TEST(WindowAggregate, ARetractionOfWhatWasNeverAddedIsRejected) {
  Case with{{10 * kMs, 5 * kMs, 0}};
  with.changing = true;
  auto driver = drive(make_window_aggregate, spec_of(with), {rows_schema()});
  driver.push("1000 | 1 | 5 | a\n-D 1000 | 2 | 5 | a\n-D 1000 | 1 | 6 | a\n-D 9000 | 1 | 5 | a");
  const auto rejections = driver.take_rejections();
  ASSERT_EQ(rejections.size(), 3U);
  for (const auto& rejection : rejections) EXPECT_EQ(rejection.code, ErrorCode::kOverRetraction);
  driver.end();
  ASSERT_EQ(driver.net().size(), 2U);
  EXPECT_EQ(driver.net().back(), "1 | " + time_text(0) + " | " + time_text(10 * kMs) + " | " +
                                     time_text(9 * kMs) + " | 1 | 5 | 5 | a");
}

TEST(WindowAggregate, ALateRowDoesNotOpenAWindowAgainThatIsForgotten) {
  for (const int64_t lateness : {int64_t{0}, 5 * kMs}) {
    auto driver =
        drive(make_window_aggregate, spec_of({{10 * kMs, 10 * kMs, 0}, lateness}), {rows_schema()});
    driver.push("1000 | 1 | 1 | a\n2000 | 2 | 1 | a");
    driver.watermark(10 * kMs + lateness);
    EXPECT_EQ(driver.take().size(), 2U);
    driver.barrier();
    driver.crash();
    driver.push("3000 | 1 | 1 | a\n4000 | 3 | 1 | a");
    EXPECT_EQ(driver.take_late().size(), 2U);
    driver.watermark(20 * kMs);
    driver.end();
    driver.barrier();
    EXPECT_TRUE(driver.take().empty());
  }
}

TEST(WindowAggregate, ManyWindowsAndKeysCloseWithinCredit) {
  auto driver = drive(make_window_aggregate, spec_of({{2 * kMs, kMs, 0}}), {rows_schema()});
  for (int batch = 0; batch < 3; ++batch) {
    std::string rows;
    for (int n = 0; n < 4000; ++n) {
      rows += std::to_string(n % 2) + " | " + std::to_string(batch * 4000 + n) + " | 1 | a\n";
    }
    driver.push(rows);
  }
  driver.end();
  EXPECT_EQ(driver.take().size(), 24'000U);
  EXPECT_GE(driver.suspensions(), 5U);
  driver.barrier();
  EXPECT_LE(driver.state().entries(), 1U);
}

TEST(WindowAggregate, WithoutKeysAWindowIsOneGroup) {
  auto driver =
      drive(make_window_aggregate, spec_of({{10 * kMs, 2 * kMs, 0}}, {}), {rows_schema()});
  driver.push("9500 | 1 | 1 | a\n9600 | 2 | 1 | a");
  driver.watermark(10 * kMs);
  EXPECT_EQ(driver.take(), (Lines{"+I " + time_text(0) + " | " + time_text(10 * kMs) + " | " +
                                  time_text(9 * kMs) + " | 2 | 2 | 1 | a"}));
}

TEST(WindowAssign, ARowComesOncePerWindowThatItLiesIn) {
  const auto in = schema_of("t TIMESTAMP(3), k INT");
  const data::Type time = data::Type::timestamp(3);
  WindowAssignSpec spec{.window = {4 * kMs, 2 * kMs, 0},
                        .time_column = 0,
                        .output = data::make_schema(
                            {in->field(0), in->field(1), {"s", time}, {"e", time}, {"w", time}})};
  auto driver = drive(make_window_assign, spec, {in}, {.batch_rows_max = 1});
  driver.push("-D -500 | 1");
  const std::string row = "-D " + time_text(-500) + " | 1 | ";
  EXPECT_EQ(
      driver.take(),
      (Lines{row + time_text(-4 * kMs) + " | " + time_text(0) + " | " + time_text(-kMs),
             row + time_text(-2 * kMs) + " | " + time_text(2 * kMs) + " | " + time_text(kMs)}));
  spec.window.size_us = 2 * 5000 * kMs;
  auto many = drive(make_window_assign, spec, {in});
  many.push("0 | 1\n1 | 2\nNULL | 3");
  EXPECT_EQ(many.take().size(), 10'000U);
  EXPECT_EQ(many.suspensions(), 2U);
  EXPECT_EQ(many.take_rejections().size(), 1U);
}

}  // namespace
}  // namespace millrace::operators
