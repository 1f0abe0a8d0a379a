#include "operators/join/hash_join.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "data/key_encoding.h"
#include "expr/evaluator.h"
#include "operators/join/joined_rows.h"
#include "operators/join/row_expiry.h"
#include "operators/rows/reject_rows.h"
#include "operators/rows/selected_rows.h"
#include "state/multiset_table.h"

namespace millrace::operators {
namespace {

using data::kBatchRowsMax;
using data::Sign;
using engine::Port;
using engine::Step;
using state::kNoSlot;
using state::Slot;

constexpr Port kLeftPort = 0;
constexpr Port kRightPort = 1;
constexpr uint32_t kPrefetchAhead = 8;
// Expired rows that are removed between two looks at the time slice.
constexpr size_t kSweptRows = 1024;

// One input: how its rows are kept, and whether those without a match are padded.
struct Side {
  Side(data::SchemaPtr of, std::vector<size_t> key_columns, bool is_preserved,
       const JoinSideTime& time)
      : schema(std::move(of)),
        key_encoder(*schema, std::move(key_columns)),
        codec(*schema),
        null_row(codec.encode_row(std::vector<data::Value>(schema->columns()))),
        preserved(is_preserved),
        late(time.late) {
    if (time.expires) expiry.emplace(*time.expires);
  }

  data::SchemaPtr schema;
  data::KeyEncoder key_encoder;
  data::RowCodec codec;
  std::string null_row;
  bool preserved;
  std::optional<TimeLimit> late;
  std::optional<RowExpiry> expiry;
  engine::Timestamp watermark = engine::kTimeMin;
  std::unique_ptr<state::MultisetTable> table;  // counter: matches, where preserved
};

// A row of the other side with the key of the row-th input row.
struct Candidate {
  uint32_t row;
  Slot slot;
  bool passes;
};

// Copies of one output row still to be put out.
struct Run {
  uint32_t row = 0;         // of the input; meaningless if own_padded
  Slot slot = kNoSlot;      // of the other side; kNoSlot: NULLs
  bool own_padded = false;  // NULLs in place of the input row
  Sign sign = Sign::kInsert;
  int64_t left = 0;
};

class HashJoin final : public engine::Operator {
 public:
  HashJoin(const HashJoinSpec& spec, std::optional<expr::Evaluator> residual);
  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(engine::OpenContext& context) override;
  Result<Step> on_batch(Port port, data::Batch batch, engine::Output& output) override;
  Result<Step> on_time(Port port, engine::TimeDomain domain, engine::Timestamp time,
                       engine::Output& output) override;
  Result<Step> resume(engine::Output& output) override {
    return sweeping_ == nullptr ? run(output) : sweep(output);
  }

 private:
  Side& own() { return sides_[port_]; }
  Side& other() { return sides_[1 - port_]; }
  Sign sign_of(uint32_t n) const { return batch_.sign(batch_.row(n)); }
  bool equals_none(uint32_t n) const;

  data::Batch without_late(data::Batch batch, engine::Output& output);
  Step sweep(engine::Output& output);
  Result<Step> run(engine::Output& output);
  Result<void> probe_chunk();
  Result<void> evaluate_residual();
  Result<Step> join_chunk(engine::Output& output);
  void start_row(engine::Output& output);
  void finish_row();
  void take(size_t index, engine::Output& output);
  void add_run(Run run) { runs_[runs_end_++] = run; }
  Result<Step> put_runs(engine::Output& output);
  Result<void> flush(engine::Output& output);

  traits::OperatorTraits traits_;
  const std::vector<JoinKey> keys_;
  bool any_null_counts_ = true;    // some key column has no nulls_equal
  bool every_null_counts_ = true;  // none has
  std::array<Side, 2> sides_;
  std::optional<expr::Evaluator> residual_;
  std::vector<uint32_t> residual_columns_;
  expr::Moment moment_;

  Side* sweeping_ = nullptr;  // whose expired rows are being removed
  std::vector<engine::Timestamp> times_;
  std::vector<uint16_t> late_;
  std::vector<uint16_t> timely_;

  // The input batch.
  Port port_ = kLeftPort;
  data::Batch batch_;
  data::Keys row_keys_;
  data::EncodedRows rows_;

  // Where probing stands: candidates of the rows before probe_row_ are all known.
  uint32_t probe_row_ = 0;
  Slot probe_slot_ = kNoSlot;
  bool probing_ = false;
  std::vector<Candidate> candidates_;
  JoinedRows pairs_;             // with a residual: of the candidates
  data::Batch candidate_pairs_;  // taken from it
  expr::RowErrorsPtr residual_errors_;

  // Where joining stands.
  uint32_t row_ = 0;
  size_t next_candidate_ = 0;
  bool row_started_ = false;
  bool row_counts_ = false;     // stored: neither rejected nor without a use
  Slot new_element_ = kNoSlot;  // the row's, if it was not there before
  int64_t matches_ = 0;
  std::array<Run, 3> runs_;
  size_t next_run_ = 0;
  size_t runs_end_ = 0;

  JoinedRows joined_;  // the open output batch
};

std::vector<size_t> key_columns(const std::vector<JoinKey>& keys, uint32_t JoinKey::* column) {
  std::vector<size_t> columns;
  for (const JoinKey& key : keys) columns.push_back(key.*column);
  return columns;
}

traits::PortTraits port_traits(const std::vector<size_t>& columns, bool changing) {
  return {.key_columns = {columns.begin(), columns.end()}, .takes_retractions = changing};
}

bool preserves_left(JoinKind kind) {
  return kind == JoinKind::kLeft || kind == JoinKind::kFull;
}
bool preserves_right(JoinKind kind) {
  return kind == JoinKind::kRight || kind == JoinKind::kFull;
}

HashJoin::HashJoin(const HashJoinSpec& spec, std::optional<expr::Evaluator> residual)
    : keys_(spec.keys),
      sides_{Side(spec.left, key_columns(spec.keys, &JoinKey::left), preserves_left(spec.kind),
                  spec.left_time),
             Side(spec.right, key_columns(spec.keys, &JoinKey::right), preserves_right(spec.kind),
                  spec.right_time)},
      residual_(std::move(residual)),
      pairs_(spec.output),
      joined_(spec.output) {
  const auto counts = [](const JoinKey& key) { return !key.nulls_equal; };
  any_null_counts_ = std::ranges::any_of(keys_, counts);
  every_null_counts_ = std::ranges::all_of(keys_, counts);
  if (spec.residual != nullptr) residual_columns_ = expr::columns_of(*spec.residual);
  traits_.name = "hash_join";
  traits_.ports = {port_traits(sides_[kLeftPort].key_encoder.columns(), spec.changing_left),
                   port_traits(sides_[kRightPort].key_encoder.columns(), spec.changing_right)};
  MILLRACE_ASSERT(!spec.left_time.expires || !spec.changing_left);
  MILLRACE_ASSERT(!spec.right_time.expires || !spec.changing_right);
  traits_.makes_retractions = spec.kind != JoinKind::kInner;
  traits_.stateful = true;
}

Result<void> HashJoin::open(engine::OpenContext& context) {
  MILLRACE_ASSERT(context.state != nullptr);
  for (size_t index = 0; index < sides_.size(); ++index) {
    const commit::StateId id(context.state_id + index);
    Side& side = sides_[index];
    side.table = MILLRACE_TRY(state::MultisetTable::open(*context.state, id));
    if (side.expiry) MILLRACE_TRY(side.expiry->restore(*side.table, side.codec));
  }
  return {};
}

Result<Step> HashJoin::on_time(Port port, engine::TimeDomain domain, engine::Timestamp time,
                               engine::Output& output) {
  if (domain == engine::TimeDomain::kProcessing) {
    if (time != engine::kTimeMax) moment_.now_us = std::max(moment_.now_us, time);
    return Step::kDone;
  }
  sides_[port].watermark = time;
  Side& partner = sides_[1 - port];
  // Behind the end nothing is added that would have to be removed.
  if (!partner.expiry || time == engine::kTimeMax) return Step::kDone;
  sweeping_ = &partner;
  return sweep(output);
}

Step HashJoin::sweep(engine::Output& output) {
  const engine::Timestamp watermark = (sweeping_ == &sides_[0] ? sides_[1] : sides_[0]).watermark;
  while (!sweeping_->expiry->sweep(watermark, kSweptRows, *sweeping_->table)) {
    if (output.full()) return Step::kAgain;
  }
  sweeping_ = nullptr;
  return Step::kDone;
}

data::Batch HashJoin::without_late(data::Batch batch, engine::Output& output) {
  read_times(batch, *own().late, times_);
  late_.clear();
  timely_.clear();
  batch.for_each_row([&](uint32_t row) {
    const bool is_late = times_[row] != engine::kTimeMin && times_[row] < own().watermark;
    (is_late ? late_ : timely_).push_back(static_cast<uint16_t>(row));
  });
  if (late_.empty()) return batch;
  output.push_late(select_rows(batch, late_));
  return select_rows(std::move(batch), timely_);
}

Result<Step> HashJoin::on_batch(Port port, data::Batch batch, engine::Output& output) {
  port_ = port;
  batch_ = own().late ? without_late(std::move(batch), output) : std::move(batch);
  if (own().expiry) own().expiry->read(batch_);
  own().key_encoder.encode(batch_, row_keys_);
  own().codec.encode(batch_, rows_);
  pairs_.begin(port_, batch_, own().codec, other().codec);
  joined_.begin(port_, batch_, own().codec, other().codec);
  probe_row_ = row_ = 0;
  probing_ = row_started_ = false;
  candidates_.clear();
  next_candidate_ = 0;
  return run(output);
}

Result<Step> HashJoin::run(engine::Output& output) {
  for (;;) {
    if (MILLRACE_TRY(join_chunk(output)) == Step::kAgain) return Step::kAgain;
    if (row_ == batch_.size()) break;
    MILLRACE_TRY(probe_chunk());
  }
  MILLRACE_TRY(flush(output));
  batch_ = {};
  candidate_pairs_ = {};
  return Step::kDone;
}

// Whether a NULL keeps the row's key from equalling any.
bool HashJoin::equals_none(uint32_t n) const {
  if (!any_null_counts_ || !row_keys_.has_null(n)) return false;
  if (every_null_counts_) return true;
  const std::vector<size_t>& columns = sides_[port_].key_encoder.columns();
  for (size_t index = 0; index < columns.size(); ++index) {
    if (keys_[index].nulls_equal) continue;
    if (batch_.column(columns[index])->is_null(batch_.row(n))) return true;
  }
  return false;
}

// Finds the next candidates. The other side does not change while this batch is joined, so rows can
// be probed ahead of those that are joined.
Result<void> HashJoin::probe_chunk() {
  candidates_.clear();
  next_candidate_ = 0;
  const state::MultisetTable& table = *other().table;
  while (probe_row_ < batch_.size() && candidates_.size() < kBatchRowsMax) {
    if (!probing_) {
      const uint32_t n = probe_row_;
      if (n + kPrefetchAhead < batch_.size()) {
        table.prefetch_first(row_keys_.hashes[n + kPrefetchAhead]);
      }
      probe_slot_ = equals_none(n) ? kNoSlot : table.first(row_keys_.hashes[n], row_keys_[n]);
      probing_ = true;
    }
    while (probe_slot_ != kNoSlot && candidates_.size() < kBatchRowsMax) {
      candidates_.push_back({probe_row_, probe_slot_, true});
      probe_slot_ = table.next(probe_slot_);
    }
    if (probe_slot_ != kNoSlot) break;
    ++probe_row_;
    probing_ = false;
  }
  if (residual_ && !candidates_.empty()) return evaluate_residual();
  return {};
}

Result<void> HashJoin::evaluate_residual() {
  for (const Candidate& candidate : candidates_) {
    pairs_.add(batch_.row(candidate.row), rows_[candidate.row],
               other().table->bytes(candidate.slot), Sign::kInsert);
  }
  candidate_pairs_ = MILLRACE_TRY(pairs_.take());
  expr::Vector result = std::move(residual_->evaluate(candidate_pairs_, moment_)[0]);
  residual_errors_ = std::move(result.errors);
  const data::ColumnPtr truth = data::flatten(result.column);
  const uint64_t* const valid = truth->validity_words();
  for (uint32_t n = 0; n < candidates_.size(); ++n) {
    candidates_[n].passes =
        (valid == nullptr || data::get_bit(valid, n)) && data::get_bit(truth->data<uint64_t>(), n);
  }
  return {};
}

// Joins what was probed, row by row in input order.
Result<Step> HashJoin::join_chunk(engine::Output& output) {
  for (;;) {
    if (MILLRACE_TRY(put_runs(output)) == Step::kAgain) return Step::kAgain;
    const bool has_candidate =
        next_candidate_ < candidates_.size() && candidates_[next_candidate_].row == row_;
    if (!has_candidate && row_ == probe_row_) return Step::kDone;
    if (!row_started_) start_row(output);
    if (has_candidate) {
      take(next_candidate_++, output);
    } else {
      finish_row();
    }
  }
}

// Applies the row to its own side.
void HashJoin::start_row(engine::Output& output) {
  row_started_ = true;
  row_counts_ = own().preserved || !equals_none(row_);
  new_element_ = kNoSlot;
  matches_ = 0;
  if (row_ + kPrefetchAhead < batch_.size()) {
    const uint32_t ahead = row_ + kPrefetchAhead;
    own().table->prefetch_add(row_keys_.hashes[ahead], rows_[ahead]);
  }
  if (!row_counts_) return;
  const bool expires = own().expiry.has_value();
  const uint32_t row = batch_.row(row_);
  if (expires && own().expiry->is_over(row, other().watermark)) return;
  const state::MultisetTable::Added added = own().table->add(
      row_keys_.hashes[row_], row_keys_[row_], rows_[row_], data::weight(sign_of(row_)));
  if (added.after < 0) {
    row_counts_ = false;
    reject_row(batch_, row, ErrorCode::kOverRetraction, "The join holds no such row to remove.",
               traits_.name, output);
  } else if (added.before == 0) {
    new_element_ = added.element;
    if (expires) own().expiry->add(row, added.element);
  }
}

// All its matches are known.
void HashJoin::finish_row() {
  if (row_counts_ && own().preserved) {
    if (new_element_ != kNoSlot) own().table->set_counter(new_element_, matches_);
    if (matches_ == 0) add_run({.row = row_, .sign = sign_of(row_), .left = 1});
  }
  ++row_;
  row_started_ = false;
}

void HashJoin::take(size_t index, engine::Output& output) {
  const Candidate& candidate = candidates_[index];
  const Sign sign = sign_of(row_);
  if (!row_counts_) return;
  if (!candidate.passes) {
    // The retraction of a pair that was rejected when it came says nothing new.
    if (residual_errors_ == nullptr || data::retracts(sign)) return;
    const expr::RowError* error = residual_errors_->find(static_cast<uint32_t>(index));
    if (error == nullptr) return;
    engine::Rejection rejection;
    rejection.code = error->code;
    rejection.reason = error->message;
    rejection.table = traits_.name;
    rejection.row = row_as_json(candidate_pairs_, error->row, residual_columns_);
    output.reject(std::move(rejection));
    return;
  }
  state::MultisetTable& table = *other().table;
  const Slot slot = candidate.slot;
  const int64_t copies = table.count(slot);
  matches_ += copies;
  const Run pair{.row = row_, .slot = slot, .sign = sign, .left = copies};
  if (!other().preserved) return add_run(pair);
  const int64_t before = table.counter(slot);
  const int64_t after = before + data::weight(sign);
  table.set_counter(slot, after);
  if (before == 0) {
    add_run({.slot = slot, .own_padded = true, .sign = Sign::kDelete, .left = copies});
  }
  add_run(pair);
  if (after == 0) {
    add_run({.slot = slot, .own_padded = true, .sign = Sign::kInsert, .left = copies});
  }
}

Result<Step> HashJoin::put_runs(engine::Output& output) {
  for (; next_run_ < runs_end_; ++next_run_) {
    Run& run = runs_[next_run_];
    const std::string_view other_bytes =
        run.slot == kNoSlot ? std::string_view(other().null_row) : other().table->bytes(run.slot);
    while (run.left > 0) {
      if (run.own_padded) {
        joined_.add_padded(own().null_row, other_bytes, run.sign);
      } else {
        joined_.add(batch_.row(run.row), rows_[run.row], other_bytes, run.sign);
      }
      --run.left;
      if (joined_.size() < kBatchRowsMax) continue;
      MILLRACE_TRY(flush(output));
      if (output.full()) return Step::kAgain;
    }
  }
  next_run_ = runs_end_ = 0;
  return Step::kDone;
}

Result<void> HashJoin::flush(engine::Output& output) {
  if (joined_.size() == 0) return {};
  output.push(MILLRACE_TRY(joined_.take()));
  return {};
}

}  // namespace

Result<std::unique_ptr<engine::Operator>> make_hash_join(HashJoinSpec spec) {
  MILLRACE_ASSERT(spec.output->columns() == spec.left->columns() + spec.right->columns());
  std::optional<expr::Evaluator> residual;
  if (spec.residual != nullptr) {
    residual.emplace(MILLRACE_TRY(expr::Evaluator::compile({spec.residual})));
  }
  return std::make_unique<HashJoin>(spec, std::move(residual));
}

}  // namespace millrace::operators
