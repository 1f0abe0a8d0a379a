#include "broker/settings/group_settings.h"

namespace millrace::broker {
namespace {

using enum SettingType;

constexpr Setting kSettings[] = {
    {"consumer.heartbeat.interval.ms", kInt, "5000", "", 1, kIntMax, "",
     "How often a member of a consumer group says that it is there. Kept; classic members choose."},
    {"consumer.session.timeout.ms", kInt, "45000", "", 1, kIntMax, "",
     "After which silence a member of a consumer group is gone. Kept; classic members choose."},
    {"share.auto.offset.reset", kString, "latest", "latest|earliest", 0, -1, "",
     "Where a share group begins. Kept."},
    {"share.heartbeat.interval.ms", kInt, "5000", "", 1, kIntMax, "",
     "How often a member of a share group says that it is there. Kept."},
    {"share.isolation.level", kString, "read_uncommitted", "read_uncommitted|read_committed", 0, -1,
     "", "Whether a share group is given records of open transactions. Kept."},
    {"share.record.lock.duration.ms", kInt, "30000", "", 1000, kIntMax, "",
     "How long a record is one member's of a share group. Kept."},
    {"share.session.timeout.ms", kInt, "45000", "", 1, kIntMax, "",
     "After which silence a member of a share group is gone. Kept."},
};

}  // namespace

std::span<const Setting> group_settings_table() {
  return kSettings;
}

}  // namespace millrace::broker
