//! The parts that pages are made of. They take plain values and callbacks.

pub mod change;
pub mod chip;
pub mod command;
pub mod copy;
pub mod dialog;
pub mod digest;
pub mod facts;
pub mod filtered_panel;
pub mod folded;
pub mod grid_keys;
pub mod icon;
pub mod json;
pub mod language_choice;
pub mod panel;
pub mod reference_box;
pub mod reference_heading;
pub mod retry_notice;
pub mod selection;
pub mod sign_out;
pub mod size_bar;
pub mod slow;
pub mod store_status;
pub mod text_field;
pub mod theme_choice;
pub mod toast;
pub mod window;
