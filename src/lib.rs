//! covplan: 5G, fiber and data-center planning for industrial regions.
//!
//! ```text
//! cli
//! report
//! policy
//! plan
//! siting  fiber  datacenter
//! coverage
//! network  synth
//! radio  index  optimise  io
//! graph
//! crs
//! model
//! units  geom
//! ```
//! A room uses only rooms below its line; rooms on one line don't know each other.
//!
//! # Three examples
//!
//! **From files to a ranked list of gaps**, as `covplan coverage` does it:
//!
//! ```
//! use covplan::{io, plan};
//! # let dir = tempfile::tempdir()?;
//! # let project = dir.path().join("covplan.toml");
//! std::fs::write(dir.path().join("sites.csv"), "site_id,name,lon,lat,service\nS1,Alpha,118.800,32.060,video\nS2,Beta,118.950,32.060,video\n")?;
//! std::fs::write(dir.path().join("cells.csv"), "cell_id,operator,rat,lon,lat,band,height_m,azimuth_deg\nC1,cmcc,nr,118.801,32.062,n41,30,200\n")?;
//! std::fs::write(&project, "[layers.sites]\npath = \"sites.csv\"\n[layers.cells]\npath = \"cells.csv\"\n")?;
//!
//! let (project, inputs) = io::load(&project, &io::LoadOptions::default())?;
//! let today = plan::today(&inputs, &project.settings)?;
//! let near = today.sites[0].score.total.get().expect("a cell stands 240 m away");
//! let far = today.sites[1].score.total.get().expect("no cell in reach is known, too");
//! assert!(near > 60.0 && far < 10.0);
//! // The site far from every cell is the gap.
//! assert_eq!(today.gaps.len(), 1);
//! assert_eq!(inputs.sites.text.get(inputs.sites.list[today.gaps[0].site.at()].name), "Beta");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **What a mast would give**: loss by 3GPP TR 38.901, mixed over line of sight and shadowing, so that the
//! level holds at 95 of 100 such places:
//!
//! ```
//! use covplan::radio::coverage_probability::LossDistribution;
//! use covplan::radio::tr38901::Scenario;
//! use covplan::units::{Metres, Mhz};
//!
//! let mast = Scenario::Uma.prepare(Mhz(3500.0), Metres(30.0), Metres(1.5))?;
//! let loss = LossDistribution::from(mast.states(800.0));
//! let (median, edge) = (loss.quantile_db(0.5, 0.0), loss.quantile_db(0.95, 1.644_853_627));
//! // Energy per resource element and SSB gain of a 200 W carrier of 273 resource blocks.
//! let rsrp_dbm = 53.0 - 35.15 + 19.0 - edge;
//! assert!(edge - median > 8.0 && (-112.0..-110.0).contains(&rsrp_dbm));
//! # Ok::<(), covplan::radio::Refusal>(())
//! ```
//!
//! **A whole plan with its proofs**, on a synthetic district:
//!
//! ```
//! use covplan::model::project::Project;
//! use covplan::optimise::{Effort, Stop, Work};
//! use covplan::{plan, synth};
//!
//! let recipe = synth::Recipe { region: "Jiangsu".into(), sites: 60, cells: 200, seed: 7 };
//! let mut inputs = synth::generate(&recipe)?;
//! let settings = Project::empty("district").expect("the catalogue is sound").settings;
//! let work = Work { effort: Effort::LOW, seed: 7, gap: 0.0, stop: Stop::NEVER };
//! let plan = plan::run(&mut inputs, &settings, work)?;
//! assert!(plan.after.gaps.len() < plan.before.gaps.len());
//! // Every optimisation says how far from the best it can be at most.
//! for c in &plan.certificates {
//!     assert!(if c.maximise { c.bound >= c.objective } else { c.bound <= c.objective });
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod cli;
pub mod coverage;
pub mod crs;
pub mod datacenter;
pub mod fiber;
pub mod geom;
pub mod graph;
pub mod index;
pub mod io;
pub mod model;
pub mod network;
pub mod optimise;
pub mod plan;
pub mod policy;
pub mod radio;
pub mod report;
pub mod siting;
pub mod synth;
pub mod units;
