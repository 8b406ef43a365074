//! How a person wants to be told and shown things, where there is a choice.

/// How one is told of what calls for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NotifyHow {
    /// The best that the terminal can, and the bell.
    #[default]
    Auto,
    /// OSC 99: kitty.
    Osc99,
    /// OSC 777: urxvt, foot, ghostty, WezTerm.
    Osc777,
    /// OSC 9: iTerm2.
    Osc9,
    /// Only the bell.
    Bell,
    /// The desktop's own notifications.
    Desktop,
    /// Not at all.
    Off,
}

/// What a notification shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NotifyShow {
    /// Who writes, and what.
    #[default]
    Full,
    /// Who writes.
    Name,
    /// Only that something came.
    Nothing,
}

/// How pictures are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Images {
    /// The best that the terminal can.
    #[default]
    Auto,
    /// Kitty's graphics protocol.
    Kitty,
    /// Sixel graphics.
    Sixel,
    /// iTerm2's inline pictures.
    Iterm2,
    /// Coloured half blocks, in every terminal.
    Halfblocks,
    /// Only the name and the size of the file.
    Off,
}
