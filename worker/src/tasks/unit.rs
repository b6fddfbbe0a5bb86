//! What is left to do of a unit.

use hfd_shared::job::{FileIndex, Job, PlannedFile, UnitIndex};
use hfd_shared::ports::StoreError;

use super::Ending;
use crate::environment::Environment;
use crate::transfer::Meter;

/// A file of the unit that is not done yet.
pub(super) struct Wanted {
    pub(super) index: FileIndex,
    pub(super) file: PlannedFile,
    pub(super) meter: Meter,
}

/// The files of a unit that are not done yet; none if the job has no such unit.
pub(super) async fn wanted(env: &Environment, job: &Job, unit: UnitIndex) -> Result<Option<Vec<Wanted>>, StoreError> {
    let Some((unit, states)) = env.store.unit(job.id, unit).await? else { return Ok(None) };
    let files = unit.files.into_iter().zip(states).filter(|(_, state)| !state.status.is_terminal());
    let wanted = files.map(|(index, state)| Wanted { index, file: state.file, meter: Meter::default() });
    Ok(Some(wanted.collect()))
}

/// How the task of a unit ends that the job has not.
pub(super) fn unknown(unit: UnitIndex) -> Ending {
    Ending::Failed(format!("unit {unit} is not in the job's plan"))
}

/// The meters of files, for whoever reports how far they are.
pub(super) fn meters<'a>(files: impl IntoIterator<Item = &'a Wanted>) -> Vec<(FileIndex, Meter)> {
    files.into_iter().map(|file| (file.index, file.meter.clone())).collect()
}
