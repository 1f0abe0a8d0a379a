#include "cli/storage/copy_watch.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "data/datetime_text.h"

namespace millrace::cli {

CopyWatch::CopyWatch(io::Clock& clock, std::string doing, bool wanted)
    : clock_(clock),
      doing_(std::move(doing)),
      begun_(clock.now()),
      line_(clock, wanted),
      interrupt_(clock, [this] { stop_.request_stop(); }) {}

log::FileCarrier::Watch CopyWatch::watch() {
  return [this](const log::CopyProgress& progress) { show(progress); };
}

void CopyWatch::show(const log::CopyProgress& progress) {
  if (!line_.due()) return;
  const int64_t ms = std::max<int64_t>(elapsed_ms(), 1);
  line_.show(fmt::format("{}: {} of {}, {}/s", doing_, bytes_text(progress.bytes),
                         bytes_text(progress.bytes_total),
                         bytes_text(progress.bytes * 1000 / static_cast<uint64_t>(ms))));
}

std::string bytes_text(uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  constexpr double kStep = 1024;
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= kStep && unit + 1 < kUnits.size(); ++unit) value /= kStep;
  return fmt::format("{:.{}f} {}", value, unit == 0 ? 0 : 1, kUnits[unit]);
}

std::string moment_text(int64_t wall_us) {
  std::string text;
  data::append_timestamp(text, wall_us, data::TimeUnit::kUs, 0);
  return text;
}

}  // namespace millrace::cli
