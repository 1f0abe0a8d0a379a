#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "data/batch.h"
#include "data/row_codec.h"
#include "engine/operator.h"
#include "operators/aggregate/aggregate_set.h"
#include "state/keyed_table.h"

namespace millrace::operators {

// NetChanges: the changes of some groups' rows, as one batch: +I, -U +U, -D, or nothing where the
// row is as it was.
//
// Threading:  confined to one task.
// Ownership:  images are views until push. `set` outlives it.
// Order:      add*, push; then again.
class NetChanges {
 public:
  explicit NetChanges(const AggregateSet& set);

  // A group's row before and now; null: it has none. `slot` is an entry of its key.
  void add(state::Slot slot, const GroupImage* before, const GroupImage* now);
  uint32_t rows() const { return static_cast<uint32_t>(images_.size()); }
  bool empty() const { return images_.empty(); }
  // An entry of the group's key, for each row.
  std::span<const state::Slot> slots() const { return slots_; }

  // Pushes the rows: the `leading` columns, a row each, then the results. Rows whose result is out
  // of range are rejected in the name of `name`. Forgets all.
  void push(const data::SchemaPtr& schema, std::vector<data::ColumnPtr> leading,
            std::string_view name, engine::Output& output);

 private:
  void add_image(state::Slot slot, const GroupImage& image, data::Sign sign);
  std::vector<uint16_t> kept_rows(const std::vector<data::ColumnPtr>& results,
                                  const expr::RowErrors& errors);

  const AggregateSet& set_;
  const data::RowCodec codec_;
  std::vector<GroupImage> images_;
  std::vector<data::Sign> signs_;
  std::vector<state::Slot> slots_;
  bool has_pairs_ = false;
  bool has_signs_ = false;
  data::EncodedRows encoded_;
};

}  // namespace millrace::operators
