#include "slt/stream_changes.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "data/value.h"
#include "slt/row_lines.h"

namespace millrace::slt {
namespace {

constexpr size_t kSignWidth = 3;  // "+I "

void add(std::map<std::string, int64_t, std::less<>>& counts, const std::string& row, int weight) {
  const auto place = counts.try_emplace(row, 0).first;
  place->second += weight;
  if (place->second == 0) counts.erase(place);
}

}  // namespace

void sort_changes(std::vector<std::string>& lines) {
  const auto order = [](const std::string& line) {
    const size_t sign = std::min(kSignWidth, line.size());
    return std::tuple(std::string_view(line).substr(sign), !line.starts_with('-'), line[0]);
  };
  std::ranges::stable_sort(lines, {}, order);
}

void StreamChanges::rows(const data::Batch& batch) {
  const size_t columns = batch.schema()->columns() - 2;
  batch.for_each_row([&](uint32_t row) {
    const std::string op = batch.column(columns)->value(row).text();
    Change change{.row = row_line(batch, row, columns),
                  .key = {},
                  .epoch = batch.column(columns + 1)->value(row).integer(),
                  .weight = op.starts_with('-') ? -1 : 1};
    for (const uint32_t column : key_.value_or(std::vector<uint32_t>())) {
      change.key +=
          data::to_string(batch.column(column)->value(row), batch.schema()->field(column).type);
      change.key += '\x1f';
    }
    told_.push_back(std::move(change));
  });
}

Result<void> StreamChanges::check_epoch(int64_t epoch) const {
  for (const auto& [row, count] : left_) {
    if (count >= 0) continue;
    return Error(ErrorCode::kOverRetraction,
                 fmt::format("epoch {} takes away a row that is not there: {}", epoch, row));
  }
  for (const auto& [key, count] : left_by_key_) {
    if (!key_ || count <= 1) continue;
    return Error(ErrorCode::kOverRetraction,
                 fmt::format("epoch {} leaves {} rows of the key {}", epoch, count, key));
  }
  return {};
}

Result<void> StreamChanges::absorb() {
  std::ranges::stable_sort(told_, {}, &Change::epoch);
  for (size_t at = 0; at < told_.size(); ++at) {
    const Change& change = told_[at];
    add(left_, change.row, change.weight);
    add(left_by_key_, change.key, change.weight);
    const bool epoch_ends = at + 1 == told_.size() || told_[at + 1].epoch != change.epoch;
    if (!epoch_ends || wrong_) continue;
    if (auto checked = check_epoch(change.epoch); !checked) wrong_ = std::move(checked).error();
  }
  std::ranges::move(told_, std::back_inserter(since_net_));
  told_.clear();
  if (wrong_) return *wrong_;
  return {};
}

void StreamChanges::append_net(std::vector<std::string>& lines) const {
  struct Net {
    std::string key;
    int64_t count = 0;
  };
  std::map<std::string, Net, std::less<>> rows;
  for (const Change& change : since_net_) {
    Net& net = rows[change.row];
    net.key = change.key;
    net.count += change.weight;
  }
  std::map<std::string, std::pair<bool, bool>, std::less<>> keys;  // one goes, one comes
  for (const auto& [row, net] : rows) {
    keys[net.key].first |= net.count < 0;
    keys[net.key].second |= net.count > 0;
  }
  for (const auto& [row, net] : rows) {
    const bool update = key_ && keys[net.key].first && keys[net.key].second;
    const std::string_view sign = net.count < 0 ? (update ? "-U " : "-D ") : update ? "+U " : "+I ";
    for (int64_t copy = std::abs(net.count); copy > 0; --copy) {
      lines.push_back(std::string(sign) + row);
    }
  }
}

Result<std::vector<std::string>> StreamChanges::net() {
  MILLRACE_TRY(absorb());
  std::vector<std::string> lines;
  append_net(lines);
  since_net_.clear();
  sort_changes(lines);
  return lines;
}

Result<std::vector<std::string>> StreamChanges::fold() {
  MILLRACE_TRY(absorb());
  std::vector<std::string> lines;
  for (const auto& [row, count] : left_) {
    for (int64_t copy = 0; copy < count; ++copy) lines.push_back(row);
  }
  return lines;
}

}  // namespace millrace::slt
