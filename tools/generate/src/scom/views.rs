//! What does an operator open in the console? A folder of views.

use super::names::Names;
use super::pack::Pack;
use super::xml::{element, leaf};

/// Adds a folder with these views of the class.
pub fn add_views(pack: &mut Pack, names: Names, title: &str, views: &[(&str, &'static str, &str)]) {
    let folder = names.only("Folder");
    pack.name(&folder, title, "Views of the checks of check-um.");
    pack.folders.push(
        element("Folder")
            .with("ID", folder.as_str())
            .with("Accessibility", "Public")
            .with("ParentFolder", "SC!Microsoft.SystemCenter.Monitoring.ViewFolder.Root"),
    );
    for (kind, view_type, title) in views {
        let id = names.only(kind);
        pack.name(&id, title, "View of the checks of check-um.");
        let view = element("View")
            .with("ID", id.as_str())
            .with("Accessibility", "Public")
            .with("Enabled", "true")
            .with("Target", names.class())
            .with("TypeID", *view_type)
            .with("Visible", "true");
        let open = element("ResolutionState").holding([leaf("StateRange", "255").with("Operator", "NotEquals")]);
        let criteria = element("Criteria").holding((*kind == "AlertView").then_some(open));
        pack.views.push(view.holding([leaf("Category", "Operations"), criteria]));
        let item = element("FolderItem").with("ElementID", id.as_str()).with("ID", format!("{id}.Item"));
        pack.folder_items.push(item.with("Folder", folder.as_str()));
    }
}
