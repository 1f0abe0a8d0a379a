#include "log/units/open_unit.h"

#include <algorithm>

namespace millrace::log {

std::optional<commit::Lsn> OpenUnit::first_ring_lsn() const {
  std::optional<commit::Lsn> first;
  for (const StagedPiecePtr& piece : pieces) {
    const auto* staged = std::get_if<StagedPiece::InRing>(&piece->place);
    if (staged == nullptr || staged->ref.first_lsn == commit::Lsn()) continue;
    first = std::min(first.value_or(staged->ref.first_lsn), staged->ref.first_lsn);
  }
  return first;
}

void OpenUnit::add(StagedPiecePtr stage) {
  const uint64_t sequence = stage->first_sequence;
  const bool held = std::ranges::any_of(pieces, [&](const StagedPiecePtr& piece) {
    return !piece->in_ring() && piece->first_sequence <= sequence &&
           sequence <= piece->last_sequence;
  });
  if (!held) pieces.push_back(std::move(stage));
}

void OpenUnit::replace(StagedPiecePtr file) {
  std::erase_if(pieces, [&](const StagedPiecePtr& piece) {
    return piece->first_sequence >= file->first_sequence &&
           piece->last_sequence <= file->last_sequence;
  });
  const auto behind = std::ranges::find_if(pieces, [&](const StagedPiecePtr& piece) {
    return piece->first_sequence > file->last_sequence;
  });
  pieces.insert(behind, std::move(file));
}

OpenUnitPtr UnitTable::find(const UnitBlock& id) const {
  const auto found = units_.find(key_of(id));
  return found == units_.end() ? nullptr : found->second;
}

OpenUnitPtr UnitTable::find_or_add(const UnitBlock& id) {
  OpenUnitPtr& unit = units_[key_of(id)];
  if (unit == nullptr) {
    unit = std::make_shared<OpenUnit>();
    unit->id = id;
  }
  return unit;
}

OpenUnitPtr UnitTable::take(const UnitBlock& id) {
  const auto found = units_.find(key_of(id));
  if (found == units_.end()) return nullptr;
  OpenUnitPtr unit = std::move(found->second);
  unit->closed = true;
  units_.erase(found);
  return unit;
}

void UnitTable::abort_from(const UnitBlock& id) {
  std::erase_if(units_, [&](auto& item) {
    OpenUnit& unit = *item.second;
    if (unit.id.job != id.job || unit.id.incarnation != id.incarnation ||
        unit.id.epoch < id.epoch) {
      return false;
    }
    unit.closed = true;
    return true;
  });
}

std::vector<OpenUnitPtr> UnitTable::all() const {
  std::vector<OpenUnitPtr> units;
  for (const auto& [key, unit] : units_) units.push_back(unit);
  return units;
}

}  // namespace millrace::log
