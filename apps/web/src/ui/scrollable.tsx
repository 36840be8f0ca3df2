import type { ReactNode } from 'react';

export interface ScrollableProps {
  readonly label: string;
  readonly className?: string;
  readonly children: ReactNode;
}

/** What is wider or longer than its place and scrolls by itself, for the keyboard too. */
export function Scrollable({ label, className, children }: ScrollableProps) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reachable
    <div role="group" aria-label={label} className={className} tabIndex={0} dir="auto">
      {children}
    </div>
  );
}
