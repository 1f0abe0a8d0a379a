#include "testing/count_by_key.h"

#include <cstring>

#include "state/state_store.h"

namespace millrace::testing {

using engine::Step;

CountByKey::CountByKey(uint32_t key_column) : key_column_(key_column), hasher_({key_column}) {
  traits_.name = "count_by_key";
  traits_.ports = {{.key_columns = {key_column}, .takes_retractions = true}};
  traits_.makes_retractions = true;
  traits_.stateful = true;
}

data::SchemaPtr CountByKey::output_schema() {
  static const data::SchemaPtr schema = data::make_schema(
      {{"k", data::TypeKind::kBigint, false}, {"n", data::TypeKind::kBigint, false}});
  return schema;
}

Result<void> CountByKey::open(engine::OpenContext& context) {
  state::TableOptions options;
  options.id = commit::StateId(context.state_id);
  options.value_bytes = sizeof(Counts);
  options.transient_bytes = sizeof(Pending);
  counts_ = MILLRACE_TRY(context.state->table(options));
  return {};
}

Result<Step> CountByKey::on_batch(engine::Port, data::Batch batch, engine::Output&) {
  const data::ColumnPtr keys = data::flatten(batch.column(key_column_));
  hashes_.resize(batch.size());
  hasher_.hash(batch, hashes_);
  for (uint32_t n = 0; n < batch.size(); ++n) {
    const uint32_t row = batch.row(n);
    const int64_t key = keys->data<int64_t>()[row];
    bool inserted = false;
    const state::Slot slot = counts_->find_or_insert(
        hashes_[n], {reinterpret_cast<const char*>(&key), sizeof(key)}, inserted);
    counts_->touch(slot);
    counts_->value_as<Counts>(slot).now += data::weight(batch.sign(row));
    if (std::exchange(counts_->transient_as<Pending>(slot).is_pending, true)) continue;
    changed_.push_back(slot);
  }
  return Step::kDone;
}

Result<Step> CountByKey::on_barrier(commit::Epoch, engine::Output& output) {
  return emit(output);
}

Result<Step> CountByKey::resume(engine::Output& output) {
  return emit(output);
}

// Two keys a batch, so that many of them suspend.
Result<Step> CountByKey::emit(engine::Output& output) {
  while (next_changed_ < changed_.size()) {
    if (output.full()) return Step::kAgain;
    data::BatchBuilder builder(output_schema(), 4);
    for (int n = 0; n < 2 && next_changed_ < changed_.size(); ++n) {
      const state::Slot slot = changed_[next_changed_++];
      Counts& counts = counts_->value_as<Counts>(slot);
      int64_t key = 0;
      std::memcpy(&key, counts_->key(slot).data(), sizeof(key));
      counts_->transient_as<Pending>(slot).is_pending = false;
      if (counts.emitted == counts.now) continue;
      if (counts.emitted != 0) {
        builder.append_row({key, counts.emitted}, data::Sign::kUpdateBefore);
      }
      if (counts.now != 0) builder.append_row({key, counts.now}, data::Sign::kUpdateAfter);
      counts.emitted = counts.now;
    }
    output.push(builder.finish());
  }
  changed_.clear();
  next_changed_ = 0;
  return Step::kDone;
}

}  // namespace millrace::testing
