//! When alarms come: on time, late, twice, or not while their object is in memory.

use lumenize_call::durable::Event;
use lumenize_call::durable::record::Time;

use super::disk::Table;
use super::plan::{MINUTE, SECOND};
use super::world::{Happening, World};

impl World {
    pub fn alarm(&mut self, object: usize, at: Time) {
        if self.objects[object].disk.alarm() != Some((at, true)) {
            return;
        }
        let clock = self.clock(object);
        if clock < at {
            self.schedule(at - clock, Happening::Alarm { object, at });
            return;
        }
        self.turn(object, |world| {
            world.objects[object].disk.delete(Table::Alarm, "");
            world.check_woken(object);
            world.tell(object, Event::Woke)
        });
        if self.objects[object].disk.alarm() == Some((at, true)) {
            self.schedule(2 * SECOND, Happening::Alarm { object, at });
        }
        if self.chance.is(self.faults.second_alarm) {
            let after = self.chance.below(MINUTE);
            self.schedule(after, Happening::SecondAlarm { object });
        }
    }

    pub fn schedule_alarm(&mut self, object: usize) {
        let is_lost = self.chance.is(self.faults.lost_alarm);
        if !is_lost && let Some((at, true)) = self.objects[object].disk.alarm() {
            let is_late = self.chance.is(self.faults.late_alarm);
            let late = if is_late { self.chance.below(MINUTE) } else { 0 };
            let after = at.saturating_sub(self.clock(object));
            self.schedule(after + late, Happening::Alarm { object, at });
        }
    }
}
